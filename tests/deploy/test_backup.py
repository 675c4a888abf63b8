"""backup.sh and restore.sh, with nothing of Docker but its name: what they leave when they end."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest

from tests.deploy.compose_file import DEPLOY
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.usefixtures("at_a_terminal")

# Writes down what it is asked. The bot runs if it is not stopped; what is to hang never ends.
DOCKER = """#!/bin/sh
echo "$@" >> "$0.asked"
[ "$(cat "$0.hangs" 2>/dev/null)" != "$2" ] || exec sleep 600
case "$2" in
exec) echo "a dump" ;;
ps) [ -e "$0.stopped" ] || echo a1b2c3 ;;
esac
"""
STOP, START = "compose stop yabot", "compose up --detach --no-deps yabot"

Run = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    made = tmp_path / "bin" / "docker"
    made.parent.mkdir()
    made.write_text(DOCKER)
    made.chmod(0o755)
    return made


@pytest.fixture
def run(docker: Path, tmp_path: Path) -> Run:
    def run_one(script: str, *arguments: str, cwd: Path = tmp_path) -> "subprocess.Popen[str]":
        here = copy(DEPLOY / script, tmp_path)
        return subprocess.Popen(
            # As a terminal gives them: what runs the tests may ignore some, and so would the shell.
            ["env", "--default-signal", "sh", here, *arguments],
            cwd=cwd,
            env={"PATH": f"{docker.parent}:{os.environ['PATH']}"},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return run_one


def asked(docker: Path) -> list[str]:
    told = docker.with_name("docker.asked")
    return told.read_text().splitlines() if told.exists() else []


def test_a_backup_is_whole_and_the_bot_runs_again(run: Run, docker: Path, tmp_path: Path) -> None:
    assert run("backup.sh", "copy").wait(PATIENCE) == 0
    copied = {file.name: file.read_text() for file in (tmp_path / "copy").iterdir()}
    assert copied == {"postgres.dump": "a dump\n", "mongodb.archive.gz": "a dump\n"}
    _, first, *_, last = asked(docker)
    assert (first, last) == (STOP, START)


def test_a_folder_is_seen_from_where_it_is_called(run: Run, docker: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    assert run("backup.sh", "copy", cwd=elsewhere).wait(PATIENCE) == 0
    assert len([*(elsewhere / "copy").iterdir()]) == 2
    assert run("restore.sh", "copy", cwd=elsewhere).wait(PATIENCE) == 0
    assert run("backup.sh", cwd=elsewhere).wait(PATIENCE) == 0
    assert len([*(tmp_path / "backups").iterdir()]) == 1


def test_a_folder_may_end_in_a_slash(run: Run, docker: Path, tmp_path: Path) -> None:
    assert run("backup.sh", "copy/").wait(PATIENCE) == 0
    assert len([*(tmp_path / "copy").iterdir()]) == 2


def test_a_bot_that_somebody_has_stopped_stays_so(run: Run, docker: Path, tmp_path: Path) -> None:
    """It may run on another server by now: two with one token are one too many."""
    docker.with_name("docker.stopped").touch()
    assert run("backup.sh", "copy").wait(PATIENCE) == 0
    assert (tmp_path / "copy").is_dir()
    assert START not in asked(docker)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["stop", "exec"])
def test_a_backup_that_is_broken_off_starts_the_bot_and_leaves_nothing(
    run: Run, docker: Path, tmp_path: Path, step: str, number: signal.Signals
) -> None:
    docker.with_name("docker.hangs").write_text(step)
    backup = run("backup.sh", "backups/copy")
    wait_until(lambda: any(f" {step} " in line for line in asked(docker)))
    # As a terminal does it: to all of them.
    os.killpg(backup.pid, number)
    assert backup.wait(PATIENCE) == 128 + number
    assert asked(docker)[-1] == START
    assert [*(tmp_path / "backups").iterdir()] == []


@pytest.mark.parametrize("second", ["backup.sh", "restore.sh"])
def test_two_at_once_are_one_too_many(run: Run, docker: Path, tmp_path: Path, second: str) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    for name in ("postgres.dump", "mongodb.archive.gz"):
        (whole / name).write_text("a dump")
    docker.with_name("docker.hangs").write_text("exec")
    first = run("backup.sh", "copy")
    wait_until(lambda: any(" exec " in line for line in asked(docker)))
    before = asked(docker)
    other = run(second, "whole" if second == "restore.sh" else "other")
    _, errors = other.communicate(timeout=PATIENCE)
    assert other.returncode == 1
    assert "another backup.sh or restore.sh is at work" in errors
    assert asked(docker) == before
    os.killpg(first.pid, signal.SIGTERM)
    first.wait(PATIENCE)


@pytest.mark.parametrize("left", ["nothing", "half", "empty"])
def test_nothing_is_put_back_of_half_a_backup(
    run: Run, docker: Path, tmp_path: Path, left: str
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    if left != "nothing":
        (folder / "postgres.dump").write_text("a dump")
    if left == "empty":
        (folder / "mongodb.archive.gz").touch()
    restore = run("restore.sh", "copy")
    _, errors = restore.communicate(timeout=PATIENCE)
    assert restore.returncode == 1
    assert "is missing or empty: nothing is changed" in errors
    assert asked(docker) == []
