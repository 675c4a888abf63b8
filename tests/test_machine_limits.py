"""A limit of the machine is a sentence, and no mistake of ours."""

import errno
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.fork_server import listening_environment
from tests.waiting import PATIENCE
from yabot.errors import StartupError
from yabot.machine_limits import LimitReached, machine_limits_told
from yabot.private_files import refusals_told

FEW_FILES = 8


@pytest.mark.slow
def test_a_start_with_too_few_files(tmp_path: Path) -> None:
    nowhere = {"MONGODB_URI": "mongodb://127.0.0.1:1/", "REDIS_URL": "redis://127.0.0.1:1"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("yabot")), "run"],
        cwd=tmp_path,
        env=listening_environment() | nowhere,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES)),
        check=False,
    )
    assert done.returncode == 1
    *_, logged, sentence = done.stderr.splitlines()
    assert sentence.startswith("YABOT may not open as many files as it needs: raise that limit")
    line = json.loads(logged)
    assert line["reasons"] == [sentence]
    # Where the last file was wanted is in the log alone.
    assert "too many open files\n\nwhich led to" in line["exception"]
    assert "Traceback" not in done.stderr.replace(logged, "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENFILE, os.strerror(errno.ENFILE)), "may not open as many files"),
        (RuntimeError("can't start new thread"), "as many threads and processes"),
        (OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)), "got less memory than it needs"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "found no room left on a disk"),
        (MemoryError(), "got less memory than it needs"),
        (ImportError("libssl.so.3: Too many open files"), "may not open as many files"),
    ],
)
def test_each_limit_is_told(error: Exception, told: str) -> None:
    with pytest.raises(StartupError, match=told), machine_limits_told():
        raise error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_is_told_with_what_lies_on_it(number: int, tmp_path: Path) -> None:
    told = re.escape(f"no room left on the disk of API_KEYS_DIR ({tmp_path}): make room there")
    with pytest.raises(LimitReached, match=told), refusals_told(tmp_path, "API_KEYS_DIR"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("a mistake"),
        OSError(errno.EIO, "broken"),
        # Of a lock that is held, or of a pipe that is full.
        OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)),
    ],
)
def test_all_else_is_left_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)), machine_limits_told():
        raise error


def test_a_process_too_many_is_told() -> None:
    """Root has no such limit: in a child, which is nobody."""
    program = (
        "import os, resource, subprocess\n"
        "from yabot.machine_limits import machine_limits_told\n"
        "os.getuid() or os.setuid(65534)\n"
        "resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))\n"
        "with machine_limits_told():\n"
        "    subprocess.Popen(['true'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "LimitReached: YABOT may not start as many threads and processes" in done.stderr
