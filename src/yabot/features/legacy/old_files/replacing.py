"""A file replaced as a whole: it is what it was, or all that was written in its place."""

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
    """Gives what is to be in ``target``'s place, which it takes at the end, unless anything raises.

    ``own`` gets its descriptor, to let whoever may use the old one use it; ``ready`` is the last
    thing asked before. Of several threads and processes that do this, one does so at a time.
    Raises OSError, and what these raise.
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
    """Of a write in which the program was killed."""
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
    """Gives its descriptor, which is locked: that leaves no file behind, however we end."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        # A network's file system may know no lock of a folder: there, it is as it would be without.
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)
