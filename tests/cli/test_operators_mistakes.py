"""What an operator may easily get wrong is told in a sentence, and leaves nothing behind."""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.e2e.programs import NewProgram
from yabot.cli.files import read_named, write_named
from yabot.errors import InvalidInput


@pytest.mark.parametrize("audited", ["ledger", "stores"])
def test_an_audit_where_no_bot_has_run_makes_no_database(
    audited: str, new_program: NewProgram
) -> None:
    audit = new_program("audit", audited)
    assert audit.run() == 1
    assert audit.errors.startswith(f"there is no database at {audit.data / 'yabot.db'} yet")
    assert not audit.data.exists()


@pytest.mark.parametrize("kind", ["story", "items"])
def test_a_file_that_cannot_be_read_is_named(
    kind: str, tmp_path: Path, new_program: NewProgram
) -> None:
    missing = tmp_path / "missing.yaml"
    check = new_program(kind, "check", str(missing))
    assert check.run() == 1
    (told,) = check.sentences
    assert told.startswith(f"{missing} cannot be read: ")


@pytest.mark.parametrize("command", [("show",), ("retry",), ("discard", "--note", "spoilt")])
def test_a_number_that_no_dead_letter_can_have_is_no_id(
    command: tuple[str, ...], new_program: NewProgram
) -> None:
    """SQL could not even be asked for it."""
    wrong = new_program("dlq", *command, str(2**63))
    assert wrong.run() == 2
    assert "Input should be less than or equal to" in wrong.errors


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    picture = tmp_path / "cover.png"
    picture.write_bytes(b"\x89PNG")
    told = f"{picture} cannot be read: it is not UTF-8; name a story file"
    with pytest.raises(InvalidInput, match=f"^{re.escape(told)}$"):
        read_named(picture, "a story file")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA", "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----", "holds no certificate"),
    ],
)
def test_a_token_for_no_certificate_is_not_issued(
    content: str | None, told: str, tmp_path: Path, new_program: NewProgram
) -> None:
    file = tmp_path / "shown.pem"
    if content is not None:
        file.write_text(content)
    options = ("--service", "ana", "--scope", "users:read", "--certificate", str(file))
    issue = new_program("token", "issue", *options)
    assert issue.run() == 1
    assert issue.said == ""
    (sentence,) = issue.sentences
    assert sentence.startswith(f"{file} {told}")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("a jti", "it is no jti; the whole token does, too"),
        ("eyJhbGciOiJFZERTQSJ9.e30.c2ln", "it is no token that has a jti"),
        ("Bearer eyJhbGciOiJFZERTQSJ9.e30.c2ln", "write the token alone, without Bearer"),
    ],
)
def test_what_is_no_token_is_not_revoked(given: str, told: str, new_program: NewProgram) -> None:
    revoke = new_program("token", "revoke", given)
    assert revoke.run() == 2
    assert told in revoke.errors
    assert given not in revoke.errors
    assert not revoke.data.exists()


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_is_none_is_wrong_use(port: str, new_program: NewProgram) -> None:
    playground = new_program("playground", "--port", port)
    assert playground.run() == 2
    assert "Invalid value for '--port'" in playground.errors
    assert not playground.data.exists()


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    for file in (tmp_path / "no folder" / "story.yaml", tmp_path):
        with pytest.raises(InvalidInput, match="name a file in a folder that exists"):
            write_named(file, "text")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "items.yaml"
    write_named(file, "título: ❤\n")
    assert read_named(file, "an items file") == "título: ❤\n"


def test_a_file_in_a_folder_that_may_not_be_written_is_written_itself() -> None:
    """Root may write everywhere: in a child, which is nobody."""
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from yabot.cli.files import write_named\n"
        "os.getuid() or os.setuid(65534)\n"
        "write_named(Path(sys.argv[1]), 'after')\n"
    )
    # Nobody may enter pytest's own folders.
    with TemporaryDirectory() as folder:
        file = Path(folder) / "story.yaml"
        file.write_text("before")
        file.chmod(0o666)
        file.parent.chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=False
        )
        assert (done.stderr, file.read_text()) == ("", "after")
