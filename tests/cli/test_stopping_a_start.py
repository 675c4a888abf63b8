"""A program is ended by SIGTERM, SIGHUP and Ctrl+C at any moment, with exit code 0; a command that
has not done what it was asked ends with another."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.fork_server import listening_environment
from tests.waiting import PATIENCE

# Each starts a program that has to import everything.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("at_a_terminal")]

# The import of the module that is named first never ends: it seems so on a slow disk.
PROGRAM = """
import atexit
import sys
import time

class Stalled:
    def find_spec(self, name, path=None, target=None):
        if name == stalled:
            print("importing", flush=True)
            while True:
                time.sleep(60)

def leave():
    print("leaving", flush=True)
    sys.stdin.read()

stalled = sys.argv.pop(1)
atexit.register(leave)
sys.meta_path.insert(0, Stalled())
from yabot.cli.main import main
main()
"""


@contextmanager
def running(stalled: str, *command: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The program, which waits behind its end until its standard input is closed."""
    nowhere = {"MONGODB_URI": "mongodb://127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, stalled, *command],
        cwd=folder,
        env=listening_environment() | nowhere,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def says(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    assert any(line.startswith(words) for line in process.stdout)


def stopped_while_it_imports(
    module: str, number: signal.Signals, folder: Path, *command: str
) -> tuple[int | None, str]:
    """Exit code and standard error of `yabot run`, or another command, which is told to stop
    meanwhile."""
    with running(module, *(command or ("run",)), folder=folder) as process:
        says(process, "importing")
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
    return process.returncode, told


@pytest.mark.parametrize("module", ["yabot.app.startup", "yabot.app.features"])
def test_nobody_waits_for_an_import_once_all_has_been_closed(module: str, tmp_path: Path) -> None:
    code, told = stopped_while_it_imports(module, signal.SIGTERM, tmp_path)
    assert code == 0
    assert '"yabot.stopped"' in told.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize(
    "module", ["yabot.errors", "shutil", "typer", "yabot.cli.program", "dotenv.parser"]
)
def test_a_start_that_has_hardly_begun_ends_without_a_word(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    assert stopped_while_it_imports(module, number, tmp_path) == (0, "")


@pytest.mark.parametrize("module", ["yabot.errors", "typer", "yabot.cli.database"])
def test_a_command_that_has_hardly_begun_is_not_taken_for_done(module: str, tmp_path: Path) -> None:
    command = ("db", "upgrade")
    assert stopped_while_it_imports(module, signal.SIGINT, tmp_path, *command) == (130, "")


@pytest.mark.parametrize(
    ("stalled", "words", "number"),
    [
        ("typer", "importing", signal.SIGTERM),
        ("typer", "importing", signal.SIGINT),
        ("nothing", "Play at", signal.SIGTERM),
    ],
)
def test_being_told_again_changes_nothing(
    stalled: str, words: str, number: signal.Signals, tmp_path: Path
) -> None:
    with running(stalled, "playground", folder=tmp_path) as process:
        says(process, words)
        process.send_signal(number)
        says(process, "leaving")
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert "Exception ignored" not in told
