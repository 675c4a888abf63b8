"""Calls to SQLite's driver itself: SQLAlchemy takes longer for them than SQLite does."""

import sqlite3
from typing import Any

from sqlalchemy import Connection

from yabot.error_text import kind_of
from yabot.errors import StoreUnavailable


def run_plain(connection: Connection, statement: str) -> sqlite3.Cursor:
    """Raises StoreUnavailable."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    try:
        return driver.execute(statement)
    except sqlite3.Error as error:
        raise StoreUnavailable("SQLite", kind_of(error)) from error


def in_transaction(connection: Connection) -> bool:
    driver: Any = connection.connection.dbapi_connection
    return bool(driver.in_transaction)
