"""`--help`, as far as it is read, and on a narrow terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.fork_server import console_environment

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
