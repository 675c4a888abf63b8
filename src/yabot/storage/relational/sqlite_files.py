"""The files of a SQLite database, which have to stay those that were opened.

SQLite notices nothing when one of them goes, and writes on into what nobody else sees any more.
"""

from pathlib import Path

from yabot.errors import StoreUnavailable

GONE = "its file was moved, removed or replaced; put it back, or stop YABOT before you replace it"
# Beside it: the write-ahead log, and the index of it by which processes agree who may write.
# Without the same index another one writes over what we write, and the database is damaged.
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
    """Those that belong to the database at ``path``, as a connection has opened them."""

    def __init__(self, path: Path) -> None:
        files = [(beside(path, end), told) for end, told in _BESIDE.items()]
        self._opened = [(file, identity(file), told) for file, told in files]

    def require_unmoved(self) -> None:
        """Raises StoreUnavailable where one of them is not there any more."""
        for file, opened, told in self._opened:
            if identity(file) != opened:
                raise StoreUnavailable("SQLite", told)


def beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")
