"""docs/api.md names every code that there is, and tells what is tried of compatibility."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.architecture.test_api_stays_compatible import BREAKING, HARMLESS
from yabot.cli.api import app

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.mark.standard
def test_the_table_of_codes_is_that_of_the_document() -> None:
    table = CliRunner().invoke(app, ["codes"]).stdout
    told = PAGE.read_text(encoding="utf-8").partition("## Codes\n")[2]
    assert told.endswith(f"\n\n{table}"), "put what `yabot api codes` prints there"


def test_as_many_changes_were_tried_as_the_page_says() -> None:
    words = " ".join(PAGE.read_text(encoding="utf-8").split())
    tried = f"tried with {len(BREAKING)} changes that break and {len(HARMLESS)} that do not"
    assert tried in words
