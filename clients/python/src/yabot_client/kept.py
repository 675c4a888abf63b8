"""What is read from a file, and anew when the file changes: keys change without a restart."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from yabot_client.errors import Misconfigured

T = TypeVar("T")
# What a change of a file changes.
Stamp = tuple[int, int, int] | None


def stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def stamps(paths: Sequence[Path]) -> tuple[Stamp, ...]:
    return tuple(stamp(path) for path in paths)


class Kept(Generic[T]):
    """What ``read`` makes of a file's text, or of a text that is given."""

    def __init__(self, source: Path | str, read: Callable[[str], T], what: str) -> None:
        """``what`` the source is, for people. Raises Misconfigured."""
        self._path = source if isinstance(source, Path) else None
        self._read = read
        # Taken before the file is read: what changes meanwhile is read again.
        self._stamp = stamp(self._path) if self._path else None
        try:
            self._value = read(self._path.read_text() if self._path else str(source))
        except OSError as error:
            raise Misconfigured(f"{what} cannot be read: {error.strerror}: {self._path}") from None
        except ValueError as error:
            where = f" ({self._path})" if self._path else ""
            raise Misconfigured(f"{what} cannot be used: {error}{where}.") from None

    def get(self) -> T:
        """Of the file as it stands now; while that is missing or half written, as it stood."""
        if self._path and (now := stamp(self._path)) != self._stamp:
            try:
                self._value = self._read(self._path.read_text())
            except (OSError, ValueError):
                return self._value
            self._stamp = now
        return self._value
