"""Notices that the old bot was writing its file at the very moment when it was replaced.

The old bot writes in place: it then writes the replaced file, which nobody reads any more.
"""

import os
from contextlib import suppress
from pathlib import Path

from yabot.observability.logging import get_logger
from yabot.observability.metrics import LEGACY_COLLISIONS

log = get_logger(__name__)


class Replaced:
    """The replaced file, while somebody may still be writing it."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._seen: tuple[int, int] | None = None

    def hold(self, path: Path) -> None:
        """Open the file; to be called before it is replaced."""
        self.release()
        with suppress(OSError):
            self._handle = os.open(path, os.O_RDONLY)
            self._seen = _state(self._handle)

    def release(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def report(self) -> None:
        """Warn if the file has been written since; to be called some time later."""
        if self._handle is None:
            return
        if _state(self._handle) != self._seen:
            LEGACY_COLLISIONS.inc()
            log.warning(
                "legacy.write_collided",
                reason="the old bot was writing its file while it was replaced, and what it wrote "
                "is lost; the functions of yabot.legacy_access lose nothing",
            )
        self.release()


def _state(handle: int) -> tuple[int, int]:
    about = os.fstat(handle)
    return about.st_size, about.st_mtime_ns
