"""`--help`, as far as it is read, and on a narrow terminal."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.e2e.fork_server import console_environment
from yabot.cli.commands import COMMANDS, app, load
from yabot.cli.main import FRAMED_FROM

YABOT = str(Path(sys.executable).with_name("yabot"))


@pytest.mark.parametrize("command", [[], ["run"], ["token", "issue"]])
def test_a_help_that_is_not_read_to_its_end_is_no_failure(command: list[str]) -> None:
    help_of = subprocess.Popen(
        [YABOT, *command, "--help"],
        env=console_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert help_of.stdout is not None
    help_of.stdout.close()
    help_of.stdout = None
    _, errors = help_of.communicate()
    assert (help_of.returncode, errors) == (0, b"")


def test_a_narrow_terminal_shows_the_names_of_options_whole() -> None:
    narrow = console_environment() | {"COLUMNS": "40"}
    done = subprocess.run(
        [YABOT, "service", "protect", "--help"], env=narrow, capture_output=True, check=True
    )
    assert b"--no-certificate-name" in done.stdout
    assert b"\xe2\x80\xa6" not in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_where_there_are_frames_they_cut_no_name_of_an_option(name: str) -> None:
    group = getattr(load(name), "commands", {})
    for path in [[name, each] for each in group] or [[name]]:
        shown = CliRunner(env={"COLUMNS": str(FRAMED_FROM)}).invoke(app, [*path, "--help"])
        assert shown.exit_code == 0
        words = shown.output.split()
        assert [word for word in words if word.startswith("--") and "…" in word] == []
