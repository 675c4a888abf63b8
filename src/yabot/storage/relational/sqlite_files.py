"""Checks that the files of a SQLite database are still those that were opened.

When one is removed, SQLite does not notice and goes on writing to a file that nobody else can see.
"""

from pathlib import Path

from yabot.errors import StoreUnavailable

GONE = "its file was moved, removed or replaced; put it back, or stop YABOT before you replace it"
# The files beside it: the write-ahead log, and its index, by which processes agree who may write.
# A process with another index would overwrite what we write, and damage the database.
_BESIDE = {
    "-wal": "the file beside it that ends in -wal was moved, removed or replaced; put it back, or"
    " stop YABOT, which saves what was in it, and start it again",
    "-shm": "the file beside it that ends in -shm was moved, removed or replaced; let nobody else"
    " write to the database, stop YABOT, and start it again",
}

Identity = tuple[int, int]


def identity(file: Path) -> Identity | None:
    """Which file it is, whatever its name; None when there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class FilesBeside:
    """The files beside the database at ``path``, as a connection has opened them."""

    def __init__(self, path: Path) -> None:
        files = [(beside(path, end), told) for end, told in _BESIDE.items()]
        self._opened = [(file, identity(file), told) for file, told in files]

    def require_unmoved(self) -> None:
        """Raises StoreUnavailable if one of them is not the opened one any more."""
        for file, opened, told in self._opened:
            if identity(file) != opened:
                raise StoreUnavailable("SQLite", told)


def beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")
