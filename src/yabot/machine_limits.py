"""What this machine grants a process no more of, told in a sentence."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from yabot.errors import StartupError

_FILES = (
    "may not open as many files as it needs: raise that limit (ulimit -n, systemd's LimitNOFILE)"
)
_THREADS = (
    "may not start as many threads and processes as it needs: raise that limit (ulimit -u, "
    "systemd's TasksMax, a container's pids), or the one of memory (ulimit -v)"
)
_MEMORY = (
    "got less memory than it needs: give this machine more, or raise what limits it (ulimit -v)"
)
_DISK = "found no room left on {disk}: make room there, or raise the quota of its user"

_BY_NUMBER = {
    errno.EMFILE: _FILES,
    errno.ENFILE: _FILES,
    errno.ENOMEM: _MEMORY,
    errno.ENOSPC: _DISK,
    errno.EDQUOT: _DISK,
}


class LimitReached(StartupError):
    """Its cause tells where: what has been running may use up by a mistake what it is granted."""


@contextmanager
def machine_limits_told() -> Iterator[None]:
    """Raises LimitReached for an error that only means that a limit of this machine is reached."""
    try:
        yield
    except Exception as error:
        if (reached := _reached(error, "a disk")) is None:
            raise
        raise reached from error


def limit_reached(error: Exception, place: str) -> LimitReached | None:
    """For whoever tells of an ``error`` otherwise: what is to be raised instead, if anything.

    ``place`` is what was to be used: it may be on any disk.
    """
    return _reached(error, f"the disk of {place}")


def _reached(error: Exception, disk: str) -> LimitReached | None:
    limit = _limit(error)
    if limit is None:
        return None
    return LimitReached(f"YABOT {limit.format(disk=disk)}, and start it again.")


def _limit(error: Exception) -> str | None:
    if isinstance(error, BlockingIOError):
        return _THREADS if _is_of_starting_a_process(error) else None
    if isinstance(error, OSError):
        return _BY_NUMBER.get(error.errno or 0)
    if isinstance(error, MemoryError):
        return _MEMORY
    # Python has no type of its own for it.
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return _THREADS
    # Of a library that could not be loaded; some are tried once more, and then lack names.
    if isinstance(error, ImportError) and "Too many open files" in str(error):
        return _FILES
    return None


def _is_of_starting_a_process(error: BlockingIOError) -> bool:
    """A lock that is held, or a pipe that is full, has the same number."""
    *_, (frame, _line) = walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") == "subprocess"
