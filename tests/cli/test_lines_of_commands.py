"""A command answers; its log is for those who ask for it."""

from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from yabot.features import items

ITEMS = Path(items.__file__).parent / "catalogue" / "demo.yaml"


@pytest.fixture
def imported(
    new_program: NewProgram, mongodb_uri: str, empty_mongo_database: str, tmp_path: Path
) -> Program:
    """It makes collections, which it logs."""
    where = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": empty_mongo_database}
    log_file = str(tmp_path / "yabot.log")
    return new_program("items", "import", str(ITEMS), **where, LOG_FILE_PATH=log_file, LOG_LEVEL="")


def test_a_command_shows_no_lines_of_the_log_and_still_writes_them(imported: Program) -> None:
    assert imported.run() == 0
    assert imported.log == []
    assert imported.sentences == []
    assert imported.said
    assert "collection.created" in Path(imported.settings["LOG_FILE_PATH"]).read_text()


def test_a_level_that_is_set_counts(imported: Program) -> None:
    imported.settings["LOG_LEVEL"] = "INFO"
    assert imported.run() == 0
    assert imported.logged("collection.created")


def test_a_command_does_not_put_away_the_file_of_a_program_that_runs(imported: Program) -> None:
    file = Path(imported.settings["LOG_FILE_PATH"])
    file.write_text("full\n" * 1000)
    imported.settings["LOG_MAX_FILE_SIZE"] = "1000"
    assert imported.run() == 0
    assert [each.name for each in file.parent.glob("yabot.log*")] == [file.name]
    assert "collection.created" in file.read_text()
