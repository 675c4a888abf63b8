"""The SQLite database of the bot before the old one: read, and never written.

Of its tables only ``users`` has to be there. A user is handed out with all of their rows. The
columns' names are read from the database; ``sqlite_user`` says what they mean.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from yabot.error_text import kind_of
from yabot.errors import InvalidInput
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.sources.port import Damage, Entry
from yabot.features.legacy.sources.sqlite_tables import USERS, Tables
from yabot.features.legacy.sources.sqlite_user import interpret

MAGIC = b"SQLite format 3\0"
_PATIENCE = 30.0
# UnicodeError: Python cannot decode an error message that quotes bytes of a damaged file.
_ERRORS = (sqlite3.Error, UnicodeError)
_NAMELESS = "without a name"

Row = tuple[str, str, dict[str, Any]]
"""The user's link, the table, the columns."""


class SqliteFile:
    """``patience``: seconds to wait for a bot that lets nobody read while it commits."""

    kind = "sqlite"

    def __init__(self, patience: float = _PATIENCE) -> None:
        self._patience = patience

    def recognizes(self, path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC

    def require_users(self, path: Path) -> None:
        with _reading(path, self._patience, unchanging=True) as connection:
            Tables.of(connection).require_users(path)

    def copy(self, path: Path, to: Path) -> None:
        try:
            with closing(_connection(path, self._patience)) as source, closing(_new(to)) as target:
                # In one go: page by page, each write of the bot would make the backup begin again.
                source.backup(target)
                target.execute("PRAGMA journal_mode = DELETE")
        except _ERRORS as error:
            if not _wants_to_write(error):
                raise _unreadable(path, error) from error
            _copy_and_recover(path, to)

    def entries(self, path: Path) -> Iterator[Entry | Damage]:
        last: str | None = None
        with _reading(path, self._patience, unchanging=not _companions(path)) as connection:
            tables = Tables.of(connection)
            tables.require_users(path)
            try:
                for link, rows in groupby(_rows(connection, tables), itemgetter(0)):
                    entry = _entry(tables, link, rows)
                    yield entry
                    last = entry.key
            except _ERRORS as error:
                behind = f"behind user {last}" if last else "before any user"
                yield Damage(f"the database cannot be read on, {behind}: {kind_of(error)}")

    def interpret(self, entry: Entry) -> Record | Refusal:
        return interpret(entry.key, entry.text)


@contextmanager
def _reading(path: Path, patience: float, *, unchanging: bool) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing. Raises InvalidInput for what cannot be read.

    ``unchanging``: the file may be opened as one that nobody writes, if SQLite would otherwise have
    to create a file beside it, and is not allowed to.
    """
    try:
        try:
            connection = _connection(path, patience)
        except _ERRORS as error:
            if not (unchanging and _wants_to_write(error)):
                raise
            connection = _connection(path, patience, "immutable=1")
        with closing(connection):
            yield connection
    except _ERRORS as error:
        raise _unreadable(path, error) from error


def _connection(path: Path, patience: float, how: str = "mode=ro") -> sqlite3.Connection:
    """Raises one of ``_ERRORS`` for a file that is no database, is in use or must be recovered."""
    uri = f"file:{quote(str(path.absolute()))}?{how}"
    connection = sqlite3.connect(uri, uri=True, timeout=patience, check_same_thread=False)
    # Bytes that are no UTF-8 stay recognizable.
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except _ERRORS:
        connection.close()
        raise
    return connection


def _new(to: Path) -> sqlite3.Connection:
    to.unlink(missing_ok=True)
    return sqlite3.connect(to)


def _copy_and_recover(path: Path, to: Path) -> None:
    """Copy a database whose bot died while it wrote, and recover the copy with the journal that it
    left. Raises InvalidInput."""
    try:
        shutil.copyfile(path, to)
        for each in _companions(path):
            shutil.copyfile(f"{path}{each}", f"{to}{each}")
        with closing(sqlite3.connect(to)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except FileNotFoundError as error:
        raise InvalidInput(f"{path} is not there any more") from error
    except _ERRORS as error:
        raise _unreadable(path, error) from error


def _companions(path: Path) -> list[str]:
    """The endings of the files that SQLite has left beside the database."""
    return [each for each in ("-wal", "-journal") if Path(f"{path}{each}").exists()]


def _wants_to_write(error: Exception) -> bool:
    """Whether the error says that even a reader would have to write."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput(f"{path} cannot be read: {kind_of(error)}")


def _rows(connection: sqlite3.Connection, tables: Tables) -> Iterator[Row]:
    """The rows of all tables, user by user."""
    return merge(*(_of_table(connection, *each) for each in tables.queries()), key=itemgetter(0))


def _of_table(connection: sqlite3.Connection, table: str, query: str) -> Iterator[Row]:
    cursor = connection.execute(query)
    names = [each[0] for each in cursor.description][1:]
    for link, *values in cursor:
        yield link, table, dict(zip(names, map(_plain, values), strict=True))


def _entry(tables: Tables, link: str, rows: Iterator[Row]) -> Entry:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for _, table, row in rows:
        found.setdefault(table, []).append(row)
    users = found.get(USERS, [])
    key = _key(users[-1].get(tables.named_by), link) if users else link
    return Entry(_storable(key) or _NAMELESS, json.dumps(found))


def _key(named: Any, link: str) -> str:
    if named is None:
        # There may be several: each is refused under its row's number.
        return f"row {link} of {USERS}"
    return str(int(named)) if isinstance(named, float) and named.is_integer() else str(named)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _storable(key: str) -> str:
    return key.replace("\0", "").encode("utf-8", "replace").decode()
