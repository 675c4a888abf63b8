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


def identities_beside(path: Path) -> dict[str, Identity | None]:
    """Of what belongs to the database at ``path``, by the end of its name."""
    return {end: identity(beside(path, end)) for end in _BESIDE}


def require_beside(path: Path, opened: dict[str, Identity | None]) -> None:
    """Raises StoreUnavailable where one is not there any more that was ``opened``."""
    for end, known in opened.items():
        if identity(beside(path, end)) != known:
            raise StoreUnavailable("SQLite", _BESIDE[end])


def beside(path: Path, end: str) -> Path:
    return path.with_name(f"{path.name}{end}")
