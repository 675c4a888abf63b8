"""`make play` at a terminal: what to open and to press stands last, the log in its file."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.fork_server import console_environment
from tests.e2e.programs import NewProgram
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_until
from yabot.cli.commands import load


class Terminal:
    """What a program shows at one."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self._shown = b""

    @property
    def lines(self) -> list[str]:
        try:
            while more := os.read(self._ours, 65536):
                self._shown += more
        except OSError:
            pass  # nothing more for now, or nobody there any more
        return self._shown.decode().replace("\r\n", "\n").splitlines()


@pytest.mark.slow
def test_a_terminal_shows_what_to_open_and_a_file_takes_the_log(
    tmp_path: Path, mongodb_uri: str, mongo_database: str, redis_db: str
) -> None:
    port, terminal = free_port(), Terminal()
    settings = {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
        "API_PORT": str(free_port()),
        "PLAYGROUND_PORT": str(port),
    }
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("yabot")), "run", "--quiet"],
        cwd=tmp_path,
        env=console_environment() | settings,
        stdout=terminal.theirs,
        stderr=terminal.theirs,
        start_new_session=True,
    )
    try:
        wait_until(lambda: any("Ctrl+C" in line for line in terminal.lines))
        *_, question, health, above, address, below, press, end = terminal.lines
        assert question.startswith("Ask it   curl ")
        assert health.startswith("Health ")
        assert (above, address, below) == ("", f"Play at  http://127.0.0.1:{port}", "")
        assert "press Start, then Read" in press
        assert "LOG=1" in end
        assert terminal.lines[0] == "Starting…"
        assert len(terminal.lines) == 8
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
    log = tmp_path / ".yabot" / "yabot.log"
    logged = log.read_text(encoding="utf-8")
    assert '"yabot.started"' in logged
    # What it asks with is for who sits there, and in no log.
    assert "eyJ" not in logged
    assert log.stat().st_mode & 0o077 == 0


def test_without_a_terminal_the_log_comes_here_as_the_help_says(new_program: NewProgram) -> None:
    (told,) = [each.help for each in load("run").params if each.name == "quiet"]
    assert told.endswith("Elsewhere: nothing.")
    program = new_program("run", "--quiet")
    program.settings = {"LOG_LEVEL": "DEBUG", "LEGACY_DB_PATH": "nowhere.json"}
    assert program.run() == 78
    assert program.logged("yabot.failed")
    assert not (program.data / "yabot.log").exists()
