"""Whether a store still does what we need of it, not only whether it answers."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, insert, text
from uuid_utils import uuid7

from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.log.tables import receipts
from yabot.storage.relational.database import Database

# A table is missing, too, while it is being restored from a backup.
MEND = (
    "give the user of DATABASE_URL all rights to our tables and their sequences, undo what was "
    "changed in them by hand, or wait until the backup is back"
)
_add = insert(receipts)
_remove = delete(receipts).where(
    receipts.c.consumer == bindparam("consumer"), receipts.c.cause_id == bindparam("cause_id")
)


# Finds what our role lacks in PostgreSQL: rights to a table, or to the sequence that numbers its
# rows (easily forgotten after a restore); a column, or its numbering (removed by hand). The query
# waits for no lock on a table.
_closed_to_us = text("""
    SELECT name FROM unnest(CAST(:names AS text[])) AS name
    WHERE EXISTS (
        SELECT FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
        WHERE has_table_privilege(to_regclass(name), privilege) IS NOT TRUE
    )
    UNION ALL
    SELECT pg_class.relname FROM unnest(CAST(:names AS text[])) AS name
    JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = to_regclass(name)
    JOIN pg_class ON classid = 'pg_class'::regclass AND pg_class.oid = objid
    WHERE relkind = 'S' AND deptype = 'a' AND NOT has_sequence_privilege(objid, 'USAGE, UPDATE')
    UNION ALL
    SELECT format('%s.%s', ours.of, ours.name) FROM unnest(
        CAST(:of AS text[]), CAST(:columns AS text[]), CAST(:numbered AS boolean[])
    ) AS ours (of, name, is_numbered)
    WHERE NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass(ours.of) AND attname = ours.name AND NOT attisdropped
        AND (atthasdef OR attidentity <> '' OR NOT is_numbered)
    )
    LIMIT 1
""")


async def ping_database(database: Database, tables: Sequence[Table]) -> None:
    """Insert a row and delete it again: this has to be written, so that a full disk or a read-only
    server is noticed. SQLite would not write an UPDATE that changes nothing.

    Raises StoreUnavailable, also when one of ``tables``, a column of it, or what numbers its rows,
    is not there for us to work with.
    """
    row = {"consumer": "heartbeat", "cause_id": str(uuid7()), "committed_at": utc_now()}

    def touch(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            closed = connection.scalar(_closed_to_us, _wanted(tables))
            if closed is not None:
                raise StoreUnavailable("PostgreSQL", f"it has no {closed} for us: {MEND}")
        connection.execute(_add, row)
        connection.execute(_remove, {"consumer": row["consumer"], "cause_id": row["cause_id"]})

    await database.write(touch)


def _wanted(tables: Sequence[Table]) -> dict[str, list[Any]]:
    columns = [column for table in tables for column in table.columns]
    return {
        "names": [table.name for table in tables],
        "of": [column.table.name for column in columns],
        "columns": [column.name for column in columns],
        "numbered": [column is column.table.autoincrement_column for column in columns],
    }
