"""Replaces a file as a whole: afterwards it is what it was, or all that was written."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


def _nothing() -> None:
    pass


@contextmanager
def replacing(
    target: Path, own: Callable[[int], None], ready: Callable[[], None] = _nothing
) -> Iterator[TextIO]:
    """Give a new file, which takes ``target``'s place at the end, unless anything raises.

    ``own`` gets the new file's descriptor, to set its owner and mode; ``ready`` is called last
    before it takes the place. One thread or process at a time does this in a folder. Raises
    OSError, and what ``own`` and ``ready`` raise.
    """
    with _alone(target.parent) as folder:
        clear_leftovers(target)
        temporary = target.with_name(f".{target.name}.yabot-{os.getpid()}")
        try:
            with _created(temporary, own) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            ready()
            temporary.replace(target)
            os.fsync(folder)
        finally:
            temporary.unlink(missing_ok=True)


def clear_leftovers(target: Path) -> None:
    """Remove what is left of a write in which the program was killed."""
    for each in target.parent.glob(f".{target.name}.yabot-*"):
        with suppress(OSError):
            each.unlink()


def _created(temporary: Path, own: Callable[[int], None]) -> TextIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    handle = os.open(temporary, flags, 0o600)
    try:
        own(handle)
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Lock the folder and give its descriptor: this lock leaves no file, even after a kill."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A network file system may not be able to lock a folder: then this goes on without a lock.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
