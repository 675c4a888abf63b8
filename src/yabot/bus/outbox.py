"""The relay's side of the outbox: closures that place events and remember what is published."""

from collections import defaultdict

from sqlalchemy import Connection, bindparam, select, update

from yabot.bus.streams import Entry
from yabot.storage.relational.database import Statement
from yabot.storage.relational.tables import outbox, partitions

PLACED_AT_ONCE = 2000
READ_AT_ONCE = 500

Placed = dict[int, list[Entry]]

_lock_last = select(partitions.c.partition, partitions.c.last_pos).with_for_update()
_unplaced = (
    select(outbox.c.id, outbox.c.partition, outbox.c.event_type, outbox.c.envelope)
    .where(outbox.c.pos.is_(None))
    .order_by(outbox.c.id)
    .limit(PLACED_AT_ONCE)
)
_set_pos = update(outbox).where(outbox.c.id == bindparam("row")).values(pos=bindparam("at"))
_set_last = (
    update(partitions)
    .where(partitions.c.partition == bindparam("number"))
    .values(last_pos=bindparam("at"))
)


def place(connection: Connection) -> Placed:
    """Give committed events their positions, in the order in which they became visible.

    The lock on the partitions' rows makes this one relay at a time. An insertion id would not do:
    on PostgreSQL id 2 can commit before id 1, and whoever reads up to 2 would lose 1.
    """
    last = dict(connection.execute(_lock_last).all())
    placed: Placed = defaultdict(list)
    positions = []
    for row_id, partition, event_type, envelope in connection.execute(_unplaced):
        last[partition] += 1
        placed[partition].append(Entry(last[partition], event_type, envelope))
        positions.append({"row": row_id, "at": last[partition]})
    if positions:
        connection.execute(_set_pos, positions)
        connection.execute(_set_last, [{"number": n, "at": last[n]} for n in placed])
    return placed


def published(connection: Connection) -> dict[int, int]:
    """How far each partition is known to have got in Redis."""
    query = select(partitions.c.partition, partitions.c.published_pos)
    return {row.partition: row.published_pos for row in connection.execute(query)}


def last_position(partition: int) -> Statement[int]:
    query = select(partitions.c.last_pos).where(partitions.c.partition == partition)
    return lambda connection: int(connection.execute(query).scalar_one())


def placed_after(partition: int, pos: int) -> Statement[list[Entry]]:
    query = (
        select(outbox.c.pos, outbox.c.event_type, outbox.c.envelope)
        .where(outbox.c.partition == partition, outbox.c.pos > pos)
        .order_by(outbox.c.pos)
        .limit(READ_AT_ONCE)
    )
    return lambda connection: [Entry(*row) for row in connection.execute(query)]


_set_published = (
    update(partitions)
    .where(
        partitions.c.partition == bindparam("number"),
        partitions.c.published_pos < bindparam("at"),
    )
    .values(published_pos=bindparam("at"))
)


def mark_published(partition: int, pos: int) -> Statement[None]:
    def mark(connection: Connection) -> None:
        connection.execute(_set_published, {"number": partition, "at": pos})

    return mark
