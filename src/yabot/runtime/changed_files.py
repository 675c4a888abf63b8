"""Files that others replace while this program runs: certificates, keys, authorities."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from yabot.error_text import kind_of
from yabot.observability.logging import get_logger

log = get_logger(__name__)

T = TypeVar("T")
# Seconds between two looks at the files: callers may ask at every query.
LOOK_EVERY = 1.0

Stamp = tuple[int, ...]


class ChangedFiles:
    """Counts how often one of ``files``, or a file in one that is a folder, was found changed.

    May be asked from any thread, as often as needed.
    """

    def __init__(
        self,
        files: Sequence[Path],
        *,
        every: float = LOOK_EVERY,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._files = tuple(files)
        self._every = every
        self._clock = clock
        self._seen = self._stamps()
        self._next_look = clock() + every
        self._changes = 0
        self._looking = Lock()

    @property
    def changes(self) -> int:
        if self._files and self._clock() >= self._next_look:
            with self._looking:
                self._look()
        return self._changes

    def _look(self) -> None:
        self._next_look = self._clock() + self._every
        if (seen := self._stamps()) != self._seen:
            self._seen = seen
            self._changes += 1

    def _stamps(self) -> tuple[Stamp, ...]:
        return tuple(stamp for file in self._files for stamp in _stamps(file))


class Reloaded(Generic[T]):
    """What ``make`` makes of files, made again when they have changed.

    While the files are unusable, as when only some are replaced yet, it stays as it was.
    """

    def __init__(self, make: Callable[[], T], files: ChangedFiles, of: str) -> None:
        """``of`` names the files in the log. Raises what ``make`` raises."""
        self._make = make
        self._files = files
        self._of = of
        self._made = make()
        self._made_at = files.changes

    def current(self) -> T:
        if self._made_at != (changes := self._files.changes):
            self._made_at = changes
            if self._make_again():
                log.info("files.renewed", of=self._of)
        return self._made

    def anew(self) -> T:
        """Make it again, even if the files have not changed."""
        self._make_again()
        return self._made

    def _make_again(self) -> bool:
        try:
            self._made = self._make()
        except (OSError, ValueError) as error:
            log.warning("files.unusable", of=self._of, reason=kind_of(error))
            return False
        return True


def _stamps(path: Path) -> list[Stamp]:
    """The stamps of a file, or of a folder and its files. A missing path has one, too: that it
    comes or goes is a change.
    """
    try:
        within = sorted(path.iterdir()) if path.is_dir() else []
        return [_stamp(each) for each in (path, *within)]
    except OSError:
        return [()]


def _stamp(file: Path) -> Stamp:
    about = file.stat()
    return (about.st_ino, about.st_size, about.st_mtime_ns)
