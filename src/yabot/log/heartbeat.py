"""Whether a store still does what we need of it, not only whether it answers."""

from sqlalchemy import Connection, bindparam, delete, insert
from uuid_utils import uuid7

from yabot.clock import utc_now
from yabot.log.tables import receipts
from yabot.storage.relational.database import Database

_add = insert(receipts)
_remove = delete(receipts).where(
    receipts.c.consumer == bindparam("consumer"), receipts.c.cause_id == bindparam("cause_id")
)


async def ping_database(database: Database) -> None:
    """Leaves nothing behind, and yet has to be written: a full disk, or a server that has become
    read-only, is noticed. SQLite would not write an UPDATE that changes nothing.

    Raises StoreUnavailable.
    """
    row = {"consumer": "heartbeat", "cause_id": str(uuid7()), "committed_at": utc_now()}

    def touch(connection: Connection) -> None:
        connection.execute(_add, row)
        connection.execute(_remove, {"consumer": row["consumer"], "cause_id": row["cause_id"]})

    await database.write(touch)
