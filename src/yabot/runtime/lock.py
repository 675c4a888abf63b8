"""One long-running program for each data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yabot.errors import ConfigurationError
from yabot.private import private_folder

# By it a data directory is known for one.
MARK = "yabot.lock"


def is_locked(directory: Path) -> bool:
    """Whether a program holds it now."""
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
def data_directory_lock(directory: Path) -> Iterator[None]:
    """Held until the end, also by a kill; the directory is made, and made private.

    Raises ConfigurationError when another holds it, and when it is not this user's alone.
    """
    private_folder(directory, "YABOT_DATA_DIR", MARK)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    descriptor = os.open(directory / MARK, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise ConfigurationError(
            [
                f"YABOT_DATA_DIR: another YABOT runs on {directory}; stop it, name another "
                "directory, or set DATABASE_URL to a PostgreSQL that many processes may share"
            ]
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
