"""One long-running program for each data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yabot.errors import ConfigurationError


@contextmanager
def data_directory_lock(directory: Path) -> Iterator[None]:
    """Held until the end, also by a kill. Raises ConfigurationError when another holds it."""
    directory.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(directory / "yabot.lock", os.O_RDWR | os.O_CREAT, 0o600)
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
