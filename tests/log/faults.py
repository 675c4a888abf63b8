"""Faults injected where they happen: between the program and its SQL database."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError


@dataclass
class Statements:
    """Those that reached the engine while it was watched."""

    seen: list[str] = field(default_factory=list)


@contextmanager
def failing_at(engine: Engine, n: int) -> Iterator[Statements]:
    """The ``n``-th statement, the transaction's own included, finds the connection broken."""
    statements = Statements()

    def before(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        statements.seen.append(statement)
        if len(statements.seen) == n:
            raise broken(engine, statement)

    event.listen(engine, "before_cursor_execute", before)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", before)


@contextmanager
def counting_commits(engine: Engine) -> Iterator[list[None]]:
    """As long as the number of commits."""
    commits: list[None] = []

    def before(_connection: Connection) -> None:
        commits.append(None)

    event.listen(engine, "commit", before)
    try:
        yield commits
    finally:
        event.remove(engine, "commit", before)


@contextmanager
def failing_commit(engine: Engine) -> Iterator[None]:
    def before(_connection: Connection) -> None:
        raise broken(engine, "COMMIT")

    event.listen(engine, "commit", before)
    try:
        yield
    finally:
        event.remove(engine, "commit", before)


def broken(engine: Engine, statement: str) -> OperationalError:
    """What SQLAlchemy raises when the driver says so."""
    if engine.dialect.name == "sqlite":
        return OperationalError(statement, None, sqlite3.OperationalError("disk I/O error"))
    return OperationalError(statement, None, psycopg.OperationalError("connection is lost"))


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Somebody else, through ``engine``, holds a transaction open and forgets it."""
    with engine.connect() as connection:
        # On SQLite any transaction of a writing engine takes the lock of all writers.
        connection.exec_driver_sql("SELECT 1")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE receipts IN ACCESS EXCLUSIVE MODE")
        yield
        connection.rollback()
