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

# Each starts a program that has to import everything.
pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("command", ["api codes", "events catalog --json", "doctor"])
def test_a_command_ends_quietly_when_its_reader_has_left(command: str, tmp_path: Path) -> None:
    assert ended(command, tmp_path, left_by_its_reader()) == (0, "")


def test_a_verdict_is_the_exit_code_also_when_nobody_reads_it(tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text("story: 1")
    command = "story check story.yaml --json"
    code, _ = ended(command, tmp_path, left_by_its_reader())
    assert code == 1


@pytest.mark.parametrize("command", ["api codes", "--help"])
def test_an_answer_that_cannot_be_written_is_told_in_a_sentence(
    command: str, tmp_path: Path
) -> None:
    code, errors = ended(command, tmp_path, full_disk())
    assert code == 1
    assert errors == (
        "standard output cannot be written: no space left on device; mend that, or send it "
        "elsewhere, and ask again\n"
    )


@pytest.mark.parametrize("command", ["run", "doctor --json"])
@pytest.mark.parametrize("gone", [full_disk, left_by_its_reader])
def test_a_wrong_configuration_is_one_though_nobody_can_be_told(
    gone: Callable[[], int], command: str, tmp_path: Path
) -> None:
    """A service manager would start it again and again on any other exit code."""
    descriptor = gone()
    done = subprocess.run(
        [YABOT, *command.split()],
        cwd=tmp_path,
        env=console_environment() | {"API_PORT": "0"},
        stdout=descriptor,
        stderr=descriptor,
        check=False,
    )
    os.close(descriptor)
    assert done.returncode == 78


@pytest.mark.parametrize("command", ["doctor", "doctor --json"])
def test_what_an_encoding_does_not_have_is_escaped(command: str, tmp_path: Path) -> None:
    """`doctor` begins its lines with ticks; --json tells the wrong value, too."""
    wrong = {"API_PORT": "\u0142"} if "--json" in command else {}
    done = subprocess.run(
        [YABOT, *command.split()],
        cwd=tmp_path,
        env=console_environment() | {"PYTHONIOENCODING": "latin-1"} | wrong,
        capture_output=True,
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert (b"\\u0142" if wrong else b"\\u2713") in done.stdout


def ended(command: str, folder: Path, output: int) -> tuple[int, str]:
    """Its exit code, and what it has said on standard error."""
    done = subprocess.run(
        [YABOT, *command.split()],
        cwd=folder,
        env=console_environment(),
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(output)
    return done.returncode, done.stderr
