"""SQLite behind one thread: closures run in it one after another, each in a transaction."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from yabot.error_text import kind_of
from yabot.errors import ConfigurationError, SchemaMismatch, StartupError
from yabot.playground.store.schema import STEPS
from yabot.private_files import private_file

Result = TypeVar("Result")


@dataclass(frozen=True)
class Change:
    """Something to tell open pages: the kind, and a body that JSON can hold."""

    kind: str
    body: dict[str, Any]


@dataclass
class Transaction:
    """What a closure works on. Changes noted here are announced after the commit, not before."""

    connection: sqlite3.Connection
    changes: list[Change] = field(default_factory=list)
    has_new_updates: bool = False
    has_new_webhook: bool = False

    def rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self.connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.connection.execute(statement, values).fetchone()
        return found

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        return self.connection.execute(statement, values)

    def note(self, kind: str, **body: Any) -> None:
        self.changes.append(Change(kind, body))


class Database:
    """``run`` answers after the commit is on disk; ``announce`` hears of it in commit order."""

    def __init__(self, path: Path, announce: Callable[[Transaction], None]) -> None:
        self._path = path
        self._announce = announce
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="playground-store")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Raises ``StartupError`` or ``ConfigurationError`` with what to do about it."""
        self._loop = asyncio.get_running_loop()
        try:
            self._connection = await self._loop.run_in_executor(self._thread, connect, self._path)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    async def run(self, work: Callable[[Transaction], Result]) -> Result:
        if self._connection is None:
            raise RuntimeError("the playground's store is not open")
        committed = partial(self._commit, self._connection, work)
        return await self._loop.run_in_executor(self._thread, committed)

    async def close(self) -> None:
        if self._connection is not None:
            await self._loop.run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._thread.shutdown(wait=False)

    def _commit(
        self, connection: sqlite3.Connection, work: Callable[[Transaction], Result]
    ) -> Result:
        transaction = Transaction(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(transaction)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        # Here and not in `run`: a request that is cancelled meanwhile is committed all the same.
        self._loop.call_soon_threadsafe(self._announce, transaction)
        return result


def connect(path: Path) -> sqlite3.Connection:
    """The opened store, created when there is none yet."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_file(path, "YABOT_DATA_DIR")
        connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
        connection.row_factory = sqlite3.Row
        _configure(connection)
        _create_tables(connection)
    except sqlite3.OperationalError as error:
        raise _cannot_open(path, error) from error
    except (OSError, sqlite3.DatabaseError) as error:
        raise StartupError(
            f"The playground's store {path} cannot be used: {kind_of(error)}."
        ) from error
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    # The lock is kept: two servers on one file would not hear of each other's messages.
    for pragma in (
        "locking_mode = EXCLUSIVE",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _create_tables(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        difference = f"it has version {version}, this program knows version {len(STEPS)}"
        raise SchemaMismatch("The playground's store", [difference])
    for number, step in enumerate(STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")


def _cannot_open(path: Path, error: sqlite3.OperationalError) -> Exception:
    if "locked" in str(error):
        sentence = (
            f"Another playground is running on {path}: stop it, or give this one another "
            "YABOT_DATA_DIR."
        )
        return ConfigurationError([sentence])
    return StartupError(f"The playground's store {path} cannot be opened: {kind_of(error)}.")


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
