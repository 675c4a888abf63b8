"""Limits of this machine that a process has reached, each told in a sentence."""

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
    """A limit of the machine is reached. Its cause tells where, in case the program itself uses up
    too much by mistake.
    """


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
    """The LimitReached to raise instead of ``error``; None if that means no limit.

    ``place`` is what was being used; its disk is named.
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
    # Python has no error type for this.
    if isinstance(error, RuntimeError) and str(error) == "can't start new thread":
        return _THREADS
    # A library that could not be loaded; some are retried, and then fail with missing names.
    if isinstance(error, ImportError) and "Too many open files" in str(error):
        return _FILES
    return None


def _is_of_starting_a_process(error: BlockingIOError) -> bool:
    """Whether subprocess raised it: a held lock or a full pipe has the same error number."""
    *_, (frame, _line) = walk_tb(error.__traceback__)
    return frame.f_globals.get("__name__") == "subprocess"
