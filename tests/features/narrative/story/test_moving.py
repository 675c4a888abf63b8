"""A reader of a page that is gone may continue behind a door that is shut to them: that is said."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.features.narrative.story.problems_of import spoiled
from yabot.cli.stories import app

TO_A_VIP_PAGE = (
    ("moved: {old_gate: gate}", "moved: {old_gate: gate, old_attic: attic}"),
    (
        "  garden:\n",
        "  attic:\n"
        "    title: {es: Arriba, en: Above}\n"
        "    content: {es: Polvo., en: Dust.}\n"
        "    vip_required: true\n"
        "    ending: true\n"
        "  garden:\n",
    ),
)


def test_being_moved_to_a_vip_page_is_no_mistake_and_is_told(tmp_path: Path) -> None:
    file = tmp_path / "tale.yaml"
    file.write_text(spoiled(*TO_A_VIP_PAGE))
    told = CliRunner().invoke(app, ["check", str(file)])
    assert told.exit_code == 0
    assert told.output.strip().endswith(
        "no mistakes. Whoever stood in old_attic and has no VIP is moved to a fragment that is VIP "
        "only, and can only start again."
    )
    for_programs = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).output)
    assert for_programs == {"mistakes": [], "unproved": [], "moved_to_vip": ["old_attic"]}


@pytest.mark.parametrize("change", [(), TO_A_VIP_PAGE[1:]], ids=["none", "a mistake"])
def test_otherwise_nothing_is_said_of_it(
    tmp_path: Path, change: tuple[tuple[str, str], ...]
) -> None:
    file = tmp_path / "tale.yaml"
    file.write_text(spoiled(*change))
    assert "VIP" not in CliRunner().invoke(app, ["check", str(file)]).output
    for_programs = json.loads(CliRunner().invoke(app, ["check", str(file), "--json"]).output)
    assert for_programs["moved_to_vip"] == []
