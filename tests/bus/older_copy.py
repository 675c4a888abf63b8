"""An older copy of SQL comes back under a running program, as behind a restore or a failover."""

from sqlalchemy import Connection, delete, update

from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS
from yabot.bus.tables import group_positions
from yabot.events.partition import partition_of
from yabot.log.tables import audit_log, outbox, partitions, receipts
from yabot.storage.relational.database import Database

# Whose events the tests tell, and where.
USER = "7"
HERE = partition_of(USER, PARTITIONS)


async def bring_older_copy_back(database: Database) -> None:
    """Of the moment when the log held the first event alone, and that was handled."""
    await database.flush()
    first = [row["event_id"] for row in await rows_of(database, outbox) if row["pos"] == 1]

    def restore(connection: Connection) -> None:
        connection.execute(delete(outbox).where(outbox.c.event_id.not_in(first)))
        connection.execute(delete(receipts).where(receipts.c.cause_id.not_in(first)))
        connection.execute(delete(audit_log).where(audit_log.c.details != "a"))
        ends = update(partitions).where(partitions.c.partition == HERE)
        connection.execute(ends.values(last_pos=1, published_pos=0))
        place_at(connection, 1)

    await database.write(restore)


def place_at(connection: Connection, pos: int) -> None:
    there = update(group_positions).where(group_positions.c.partition == HERE)
    connection.execute(there.values(pos=pos))
