"""A program whose thread hangs ends all the same, and says so; asked what it does, it goes on."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.fork_server import listening_environment
from tests.waiting import PATIENCE, wait_until

# Each starts a program that has to import everything, and that hangs.
pytestmark = pytest.mark.slow

ERRORS = "errors.txt"
# Nothing ends the thread, and Python waits for it.
PROGRAM = """
import threading
from yabot.runtime import last_resort
last_resort.LONGEST_END = 0.2
last_resort.LAST_WORDS = 60

def hang():
    threading.Event().wait()

threading.Thread(target=hang, name="stuck").start()
from yabot.cli.main import main
main()
"""


@contextmanager
def running(*command: str, folder: Path, **settings: str) -> "Iterator[subprocess.Popen[str]]":
    nowhere = {"MONGODB_URI": "mongodb://127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=folder,
        env=listening_environment() | nowhere | settings,
        stdout=subprocess.PIPE,
        stderr=(folder / ERRORS).open("w"),
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_it_has_started(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline()


def test_a_program_that_was_told_to_end_ends(tmp_path: Path) -> None:
    with running("playground", folder=tmp_path) as process:
        until_it_has_started(process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 1
    told = (tmp_path / ERRORS).read_text()
    (sentence,) = [line for line in told.splitlines() if line.startswith("YABOT was to end")]
    assert "stuck" in sentence
    assert "in hang" in told


def test_a_program_that_cannot_start_ends_with_its_exit_code(tmp_path: Path) -> None:
    with running("run", folder=tmp_path, API_PORT="none") as process:
        assert process.wait(PATIENCE) == 78
    assert "YABOT was to end" in (tmp_path / ERRORS).read_text()


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGUSR1])
def test_whoever_asks_what_it_does_is_shown_and_it_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    with running("playground", folder=tmp_path) as process:
        until_it_has_started(process)
        process.send_signal(number)
        wait_until(lambda: "in hang" in (tmp_path / ERRORS).read_text())
        assert process.poll() is None
