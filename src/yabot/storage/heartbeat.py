"""Whether a store still does what we need of it, not only whether it answers."""

from sqlalchemy import Connection, update

from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import partitions

# Changes nothing, and yet has to be written: a full disk or a read-only server is noticed.
_touch = (
    update(partitions)
    .where(partitions.c.partition == 0)
    .values(published_pos=partitions.c.published_pos)
)


async def ping_database(database: Database) -> None:
    """Raises StoreUnavailable."""

    def touch(connection: Connection) -> None:
        connection.execute(_touch)

    await database.write(touch)
