"""What an operator may easily get wrong is told in a sentence, and leaves nothing behind."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.programs import NewProgram
from yabot.cli.files import read_named, write_named
from yabot.errors import InvalidInput

YABOT = Path(sys.executable).with_name("yabot")


@pytest.mark.parametrize("audited", ["ledger", "stores"])
def test_an_audit_where_no_bot_has_run_makes_no_database(audited: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    ended = subprocess.run(
        [YABOT, "audit", audited],
        cwd=tmp_path,
        env={"YABOT_DATA_DIR": str(nowhere)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"there is no database at {nowhere / 'yabot.db'} yet")
    assert not nowhere.exists()


@pytest.mark.parametrize("kind", ["story", "items"])
def test_a_file_that_cannot_be_read_is_named(
    kind: str, tmp_path: Path, new_program: NewProgram
) -> None:
    missing = tmp_path / "missing.yaml"
    check = new_program(kind, "check", str(missing))
    assert check.run() == 1
    (told,) = check.sentences
    assert told.startswith(f"{missing} cannot be read: ")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "no folder" / "story.yaml", tmp_path):
        with pytest.raises(InvalidInput, match="name a file in a folder that exists"):
            write_named(file, "text")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "items.yaml"
    write_named(file, "título: ❤\n")
    assert read_named(file, "an items file") == "título: ❤\n"
