"""What the bus reads from the log: events after a position, and how far they are published."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, exists, select, update

from yabot.events.partition import Entry
from yabot.log.tables import outbox, partitions
from yabot.storage.relational.database import Statement, executing
from yabot.storage.relational.prepared import Prepared

READ_AT_ONCE = 500

_entry = (outbox.c.partition, outbox.c.pos, outbox.c.event_type, outbox.c.envelope)
_after = Prepared(
    select(*_entry)
    .where(outbox.c.partition == bindparam("number"), outbox.c.pos > bindparam("pos"))
    .order_by(outbox.c.pos)
    .limit(bindparam("most"))
)
_at = select(outbox.c.envelope).where(
    outbox.c.partition == bindparam("number"), outbox.c.pos == bindparam("pos")
)
_last = select(partitions.c.last_pos).where(partitions.c.partition == bindparam("number"))
_progress = select(partitions.c.partition, partitions.c.last_pos, partitions.c.published_pos)
# If another event than the mark's stands there, an older copy of SQL has been restored since the
# mark. If none stands there, retention has removed it.
another_stands_there = exists().where(
    outbox.c.partition == bindparam("number"),
    outbox.c.pos == bindparam("at"),
    outbox.c.event_id != bindparam("event_id"),
)
_set_published = (
    update(partitions)
    .where(
        partitions.c.partition == bindparam("number"),
        partitions.c.published_pos < bindparam("at"),
        partitions.c.last_pos >= bindparam("at"),
        ~another_stands_there,
    )
    .values(published_pos=bindparam("at"))
)


class Mark(NamedTuple):
    """How far a reader is in a partition, with the id of the event there, if it is known."""

    partition: int
    pos: int
    event_id: str | None

    @property
    def row(self) -> dict[str, Any]:
        return {"number": self.partition, "at": self.pos, "event_id": self.event_id}


@dataclass(frozen=True, slots=True)
class Progress:
    """Positions in one partition: of its newest event, and of the newest known to be in Redis."""

    last: int
    published: int


def progress(connection: Connection) -> dict[int, Progress]:
    """The progress by partition."""
    rows = connection.execute(_progress)
    return {row.partition: Progress(row.last_pos, row.published_pos) for row in rows}


def last_position(partition: int) -> Statement[int]:
    """The position of the newest event ever committed in the partition; 0 before the first."""
    return lambda connection: int(connection.execute(_last, {"number": partition}).scalar_one())


def entries_after(partition: int, pos: int) -> Statement[list[Entry]]:
    """At most READ_AT_ONCE events after ``pos``, in order."""
    where = {"number": partition, "pos": pos, "most": READ_AT_ONCE}
    return lambda connection: [*map(Entry._make, _after.all(connection, where))]


def envelope_at(partition: int, pos: int) -> Statement[str | None]:
    """None if no event has that position yet, or retention has removed it."""
    where = {"number": partition, "pos": pos}
    return lambda connection: connection.execute(_at, where).scalar()


def mark_published(marks: Iterable[Mark]) -> Statement[None]:
    """Move ``published_pos`` to each mark, unless the log ends before it or differs there."""
    # In the order in which units lock partitions, to avoid deadlocks.
    rows = [mark.row for mark in sorted(marks, key=lambda mark: mark.partition)]
    return executing(_set_published, rows)
