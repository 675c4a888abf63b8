"""What the tables hold, whole.

Who only reads a table of the log does not wait for all features to be imported.
"""

from typing import Any

from sqlalchemy import Connection, Table, select

from yabot.log.tables import outbox, receipts
from yabot.storage.relational.database import Database

Rows = list[dict[str, Any]]


async def dump(database: Database) -> dict[str, Rows]:
    """Every row of every table, by the table's name.

    The metadata may hold more: the tables of whatever feature another test brings.
    """
    from yabot.app.features import FEATURES
    from yabot.app.stores import schema_of

    tables = schema_of(FEATURES).tables

    def read(connection: Connection) -> dict[str, Rows]:
        return {table.name: _rows(connection, table) for table in tables}

    return await database.read(read)


async def rows_of(database: Database, table: Table) -> Rows:
    return await database.read(lambda connection: _rows(connection, table))


async def marks(database: Database) -> list[str]:
    """The cause ids of all receipts."""
    return [row["cause_id"] for row in await rows_of(database, receipts)]


async def events_of(database: Database, user_id: str | None) -> Rows:
    rows = await rows_of(database, outbox)
    return [row for row in rows if row["user_id"] == user_id]


def _rows(connection: Connection, table: Table) -> Rows:
    query = select(table).order_by(*table.primary_key.columns)
    return [dict(row) for row in connection.execute(query).mappings()]
