"""A lock that the kernel releases, so it is right however its holders ended."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive lock on a file, shared with every child process that inherits ``fd``.

    It is free again when the last of these processes has ended. The file has the id of the process
    that took it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def fd(self) -> int:
        assert self._fd is not None, "the lock is not held"
        return self._fd

    def acquire(self) -> bool:
        """Whether the lock is ours now; never waits."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(fd, 0)
            os.pwrite(fd, str(os.getpid()).encode(), 0)
        except BlockingIOError:
            os.close(fd)
            return False
        except OSError:
            os.close(fd)
            raise
        self._fd = fd
        return True

    def taken_by(self) -> str:
        """The id of the process that took the lock, or an empty text."""
        return self.path.read_text()

    def release(self) -> None:
        """Give up our share of the lock, if we have one."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
