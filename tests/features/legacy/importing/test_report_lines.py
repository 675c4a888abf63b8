"""What an import says on the terminal of what it has mended."""

import json
from pathlib import Path

from tests.features.legacy.sources.corpus import SOUND, USER
from yabot.cli.legacy.importing import Imported
from yabot.cli.legacy.report import report_lines
from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.importing.report import Report
from yabot.features.legacy.sources.profile import interpret


def test_an_end_that_cannot_be_read_is_told_as_none(tmp_path: Path) -> None:
    with Details.kept_in(tmp_path) as details:
        report = Report(details, is_rehearsal=True)
        report.read(interpret(USER, json.dumps({**SOUND, "vip_expiry": "tomorrow"})))
        report.read(interpret(USER, json.dumps({**SOUND, "inventory": 5})))
        lines = [*report_lines(Imported(tmp_path, report, 5.0, written=tmp_path))]
    said = "unreadable, taken as without an end: who pays has ten years"
    assert f"          1  vip_expiry: {said}" in lines
    assert "          1  inventory: unreadable, taken as the old bot's default" in lines
