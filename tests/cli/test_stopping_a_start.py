"""A start is ended by SIGTERM and Ctrl+C at any moment of it, with exit code 0."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.fork_server import console_environment
from tests.ports import free_port
from tests.waiting import PATIENCE

# The import of the module that is named first never ends: it seems so on a slow disk.
PROGRAM = """
import sys
import time

class Stalled:
    def find_spec(self, name, path=None, target=None):
        if name == stalled:
            print("importing", flush=True)
            while True:
                time.sleep(60)

stalled = sys.argv.pop(1)
sys.meta_path.insert(0, Stalled())
from yabot.cli.main import main
main()
"""


def stopped_while_it_imports(
    module: str, number: signal.Signals, folder: Path
) -> tuple[int | None, str]:
    """Exit code and standard error of `yabot run`, which is told to stop meanwhile."""
    settings = {
        "MONGODB_URI": "mongodb://127.0.0.1:1/",
        "REDIS_URL": "redis://127.0.0.1:1",
        "API_PORT": str(free_port()),
        "PLAYGROUND_PORT": str(free_port()),
        "LOG_FORMAT": "json",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, module, "run"],
        cwd=folder,
        env=console_environment() | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(number)
        _, told = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    return process.returncode, told


@pytest.mark.standard
@pytest.mark.parametrize("module", ["yabot.app.startup", "yabot.app.features"])
def test_nobody_waits_for_an_import_once_all_has_been_closed(module: str, tmp_path: Path) -> None:
    code, told = stopped_while_it_imports(module, signal.SIGTERM, tmp_path)
    assert code == 0
    assert '"yabot.stopped"' in told.splitlines()[-1]


@pytest.mark.standard
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("module", ["typer", "yabot.cli.program", "dotenv.parser"])
def test_a_start_that_has_hardly_begun_ends_without_a_word(
    module: str, number: signal.Signals, tmp_path: Path
) -> None:
    assert stopped_while_it_imports(module, number, tmp_path) == (0, "")
