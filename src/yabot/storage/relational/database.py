"""What the rest of the program sees of SQL: closures in, results out."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Executable, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from yabot.error_text import kind_of
from yabot.errors import StoreUnavailable
from yabot.runtime.watch import Gate
from yabot.store_trouble import is_of_a_function

T = TypeVar("T")
Statement = Callable[[Connection], T]
Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]

# SQLSTATEs of an outage of PostgreSQL, in addition to psycopg's operational errors.
AWAY = {
    # A transaction was idle or lasted too long and was ended: this process was stopped.
    "25P03",
    "25P04",
    # It takes no writes: it is a standby, or was made read-only, as for a full disk.
    "25006",
    # Data or an index is damaged.
    "XX001",
    "XX002",
}
# A right, a table or a column is missing: a backup is being restored. The same error from within
# somebody's trigger is no outage: a look at our tables would not show it.
AWAY_OF_OURS = {"42501", "42P01", "42703"}
# The part of SQLite's extended codes that is the primary code.
PRIMARY_CODE = 0xFF
# The file is damaged. This must count as an outage: what was given up or refunded because of it
# would not come back with the backup.
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# The file may not be read or written.
UNUSABLE_FILES = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
MEND_FILES = (
    "make the file of SQLITE_DATABASE_PATH, those beside it and their folder this user's to write"
)


class Database(Protocol):
    """Either engine. Every method raises StoreUnavailable when SQL cannot be reached."""

    @property
    def gate(self) -> Gate:
        """Shut while SQL is known to be away: calls then fail at once."""
        ...

    @property
    def engine(self) -> Engine:
        """For migrations and verification only: they run before anything else writes."""
        ...

    async def open(self) -> None: ...

    async def write(self, work: Statement[T]) -> T:
        """Run ``work`` as one transaction: all of it is durable on return, or none of it is.

        ``work`` may run more than once, so it has no effect but on its connection.
        """
        ...

    def write_later(self, work: Statement[None]) -> None:
        """Run an idempotent ``work`` within moments, together with others like it.

        For marks that a follower can set again: a crash before that only repeats its work.
        """
        ...

    async def flush(self) -> None:
        """Return when all that ``write_later`` was given until now is durable."""
        ...

    async def read(self, query: Statement[T]) -> T:
        """Run ``query`` on one snapshot of what is committed."""
        ...

    def cut_log(self) -> None:
        """Make the engine drop deleted data from its write-ahead log soon (SQLite)."""
        ...

    async def close(self) -> None:
        """Finish what was submitted, then close every connection."""
        ...


def take_time(connection: Connection) -> None:
    """Lift the limit on how long statements run, until the transaction ends: for work that reads
    whole tables and for which nobody waits."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def insert_new(connection: Connection, table: Table) -> Insert:
    """An INSERT that leaves an already present row as it is (its rowcount is then 0)."""
    return _insert_new(connection.dialect.name, table)


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    # Made once: SQLAlchemy takes as long to build a statement as to run it.
    if dialect == "postgresql":
        ignoring = postgresql.insert(table).on_conflict_do_nothing()
        # Without the option SQLAlchemy does not ask psycopg for the rowcount of an INSERT.
        return ignoring.execution_options(preserve_rowcount=True)
    return sqlite.insert(table).on_conflict_do_nothing()


def executing(statement: Executable, values: Values | None = None) -> Statement[None]:
    """A step of a unit of work that only runs ``statement``."""

    def execute(connection: Connection) -> None:
        connection.execute(statement, values)

    return execute


def inserting_new(table: Table, row: Mapping[str, Any]) -> Statement[None]:
    """A step of a unit of work that only adds ``row``, unless it is there already."""
    return lambda connection: executing(insert_new(connection, table), row)(connection)


@contextmanager
def store_errors(store: str) -> Iterator[None]:
    """Turns driver errors that mean an outage into StoreUnavailable; others pass unchanged."""
    try:
        yield
    except DBAPIError as error:
        if _is_away(error):
            raise StoreUnavailable(store, why_away(error)) from error
        raise
    except PoolTimeout as error:
        raise StoreUnavailable(store, "all its connections are busy") from error


def why_away(error: DBAPIError) -> str:
    """The kind of error; if SQLite only says that a file is unusable, also how to mend that."""
    of_file = _sqlite_code(error) & PRIMARY_CODE in UNUSABLE_FILES
    return f"{kind_of(error)}; {MEND_FILES}" if of_file else kind_of(error)


def is_unreachable(error: DBAPIError) -> bool:
    """Whether the connection failed. A statement that SQLite does not understand is no outage."""
    is_of_connection = isinstance(error, OperationalError | InterfaceError)
    return is_of_connection and _sqlite_code(error) != sqlite3.SQLITE_ERROR


def _is_away(error: DBAPIError) -> bool:
    return (
        is_unreachable(error)
        or _sqlite_code(error) & PRIMARY_CODE in DAMAGED
        or getattr(error.orig, "sqlstate", None) in AWAY
        or _misses_ours(error.orig)
    )


def _misses_ours(error: Any) -> bool:
    missing = getattr(error, "sqlstate", None) in AWAY_OF_OURS
    return missing and not is_of_a_function(error.diag.context)


def _sqlite_code(error: DBAPIError) -> int:
    return int(getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK))
