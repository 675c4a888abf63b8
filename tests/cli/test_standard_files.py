"""A program goes on, and a command answers, whatever its standard files are."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.fork_server import console_environment
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_until

YABOT = str(Path(sys.executable).with_name("yabot"))


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def left_by_its_reader() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize(
    ("command", "moment", "output"),
    [
        ("playground", "playground.started", full_disk),
        ("run", "yabot.started", left_by_its_reader),
    ],
)
def test_a_program_goes_on_when_nobody_reads_where_to_find_it(
    command: str,
    moment: str,
    output: Callable[[], int],
    tmp_path: Path,
    mongodb_uri: str,
    mongo_database: str,
    redis_db: str,
) -> None:
    settings = {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
        "API_PORT": str(free_port()),
        "PLAYGROUND_PORT": str(free_port()),
        "LOG_FORMAT": "json",
    }
    log, out = tmp_path / "log", output()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [YABOT, command],
            cwd=tmp_path,
            env=console_environment() | settings,
            stdout=out,
            stderr=errors,
        )
    os.close(out)
    try:
        wait_until(lambda: f'"{moment}"' in log.read_text() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()


@pytest.mark.standard
@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_a_command_works_without_a_standard_file(closed: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", YABOT, "db", "upgrade"],
        cwd=tmp_path,
        env=console_environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert ("The tables are" in done.stdout) == (">&-" not in closed.split())
