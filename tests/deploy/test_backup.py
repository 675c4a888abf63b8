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

# Writes down what it is asked; a dump never ends, if it is to hang.
DOCKER = """#!/bin/sh
echo "$@" >> "$0.asked"
case "$2" in exec) [ ! -e "$0.hangs" ] || exec sleep 600; echo "a dump" ;; esac
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
    def run_one(script: str, *arguments: str) -> "subprocess.Popen[str]":
        here = copy(DEPLOY / script, tmp_path)
        return subprocess.Popen(
            # As a terminal gives them: what runs the tests may ignore some, and so would the shell.
            ["env", "--default-signal", "sh", here, *arguments],
            cwd=tmp_path,
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
    first, *_, last = asked(docker)
    assert (first, last) == (STOP, START)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_backup_that_is_broken_off_starts_the_bot_and_looks_like_none(
    run: Run, docker: Path, tmp_path: Path, number: signal.Signals
) -> None:
    docker.with_name("docker.hangs").touch()
    backup = run("backup.sh", "copy")
    wait_until(lambda: any(" exec " in line for line in asked(docker)))
    # As a terminal does it: to all of them.
    os.killpg(backup.pid, number)
    assert backup.wait(PATIENCE) == 128 + number
    assert asked(docker)[-1] == START
    assert not (tmp_path / "copy").exists()


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
