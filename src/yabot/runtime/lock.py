"""Locks of files, and one long-running program for each data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from yabot.errors import ConfigurationError
from yabot.machine_limits import limit_reached
from yabot.private_files import private_folder

# The file by which a data directory is recognized.
MARK = "yabot.lock"


def is_locked(directory: Path) -> bool:
    """Whether a program holds the directory's lock now."""
    try:
        descriptor = os.open(directory / MARK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def file_lock(mark: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock until the end of the block or of the process; the file is created as private.

    Without ``wait``, raises BlockingIOError when somebody else holds it. Raises OSError when the
    file system refuses it.
    """
    descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def data_directory_lock(directory: Path) -> Iterator[None]:
    """Hold the lock until the end of the block or of the process; the directory is created, and
    made private.

    Raises ConfigurationError when another program holds it, when the directory is not this user's
    alone, and when the file system refuses it; LimitReached when a limit of the machine is reached.
    """
    private_folder(directory, "YABOT_DATA_DIR", MARK)
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(directory / MARK, wait=False))
        except OSError as error:
            limit = limit_reached(error, f"YABOT_DATA_DIR ({directory})")
            raise limit or _refused(directory / MARK, error) from error
        yield


def _refused(mark: Path, error: OSError) -> ConfigurationError:
    if isinstance(error, BlockingIOError):
        wrong = f"another YABOT runs on {mark.parent}; stop it, name another directory"
        mend = "or set DATABASE_URL to a PostgreSQL that many processes may share"
    else:
        wrong = f"{mark} cannot be used: {error.strerror}; make it a file of this user's"
        mend = "that may be written and locked, or name another directory"
    return ConfigurationError([f"YABOT_DATA_DIR: {wrong}, {mend}"])
