"""What a program reads of a command that goes wrong, and what a terminal shows of long work."""

import json
import os
import pty
import select
import subprocess
import sys

import pytest

from tests.e2e.programs import NewProgram
from tests.waiting import PATIENCE


@pytest.mark.parametrize(
    "command",
    [("doctor",), ("audit", "ledger"), ("dlq", "list"), ("workflows", "list"), ("events", "tail")],
    ids=" ".join,
)
def test_a_wrong_configuration_is_told_to_programs(
    command: tuple[str, ...], new_program: NewProgram
) -> None:
    program = new_program(*command, "--json", API_PORT="0")
    assert program.run() == 78
    error = json.loads(program.said)["error"]
    assert error["code"] == "configuration_invalid"
    assert error["reasons"] == program.sentences
    assert error["reasons"][0].startswith("API_PORT: ")


def test_the_playground_is_refused_in_production_as_wrong_configuration(
    new_program: NewProgram,
) -> None:
    program = new_program("playground", YABOT_ENV="production")
    assert program.run() == 78
    (sentence,) = program.sentences
    assert sentence.startswith("YABOT_ENV: ")


LONG_WORK = """
import threading
from yabot.cli import progress
progress.EVERY = 0.01
with progress.progress("counting sheep"):
    threading.Event().wait(0.1)
"""


UNTIL_IT_IS_SHOWN = f"""
import sys, threading
from yabot.cli import progress

shown, write = threading.Event(), sys.stderr.write

def write_and_tell(text):
    write(text)
    shown.set()

sys.stderr.write = write_and_tell
progress.EVERY = 0.01
with progress.progress("counting sheep"):
    shown.wait({PATIENCE})
"""


def test_long_work_shows_on_a_terminal_what_it_does() -> None:
    ours, theirs = pty.openpty()
    work = subprocess.run(
        [sys.executable, "-c", UNTIL_IT_IS_SHOWN], stderr=theirs, check=False, timeout=PATIENCE
    )
    # Nothing shown is a failure, not a wait.
    assert select.select([ours], [], [], 0)[0]
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(theirs)
    assert work.returncode == 0
    assert "counting sheep" in shown
    # The line is empty again for what follows.
    assert shown.endswith("\r\x1b[K")


def test_a_program_reads_none_of_it() -> None:
    command = [sys.executable, "-c", LONG_WORK]
    work = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    assert work.stdout + work.stderr == b""
