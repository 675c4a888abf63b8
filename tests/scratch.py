"""A folder for what only a test run keeps: in memory where there is room, for syncing is then free.

Nothing is tested less by it: a process that is killed loses nothing that it has handed over to the
system, wherever the system keeps it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
# For the engines of several processes that test side by side.
ROOM = 3 * 2**30
PREFIX = "yabot-tests-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    place = MEMORY if _is_roomy(MEMORY) else Path(tempfile.gettempdir())
    _remove_leftovers(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=place))
    # PostgreSQL runs as a user of its own.
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_roomy(place: Path) -> bool:
    return os.access(place, os.W_OK) and shutil.disk_usage(place).free > ROOM


def _remove_leftovers(place: Path) -> None:
    """Of test runs that were killed."""
    for folder in place.glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
