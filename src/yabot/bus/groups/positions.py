"""How far each group of subscribers is in each partition, kept in SQL."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, exists, select, update

from yabot.bus.outbox import Mark, another_stands_there
from yabot.bus.tables import group_positions
from yabot.log.tables import outbox, partitions
from yabot.storage.relational.database import Statement, insert_new

_marks = (
    select(group_positions.c.partition, group_positions.c.pos, outbox.c.event_id)
    .outerjoin(
        outbox,
        (outbox.c.partition == group_positions.c.partition)
        & (outbox.c.pos == group_positions.c.pos),
    )
    .where(group_positions.c.name == bindparam("group"))
)
# False for positions beyond the log's end, as after the restore of an older copy: the next events
# get those positions again.
_is_known = exists().where(
    partitions.c.partition == bindparam("number"), partitions.c.last_pos >= bindparam("at")
)
_advance = (
    update(group_positions)
    .where(
        group_positions.c.name == bindparam("group"),
        group_positions.c.partition == bindparam("number"),
        group_positions.c.pos < bindparam("at"),
        _is_known,
        ~another_stands_there,
    )
    .values(pos=bindparam("at"))
)
_ends = select(partitions.c.partition, partitions.c.last_pos)


def declare_groups(groups: Iterable[str]) -> Statement[None]:
    """A new group begins with the next event, not with earlier ones."""

    def declare(connection: Connection) -> None:
        ends = log_ends(connection)
        for group in groups:
            for partition, pos in ends.items():
                row = {"name": group, "partition": partition, "pos": pos}
                connection.execute(insert_new(connection, group_positions), row)

    return declare


def marks_of(group: str) -> Statement[dict[int, Mark]]:
    """The group's mark by partition: all up to it has taken effect or is a dead letter.

    One statement, because the position may move, and the id must be that of the event there.
    """
    return lambda connection: {
        row.partition: Mark(*row) for row in connection.execute(_marks, {"group": group})
    }


def advance(group: str, marks: Iterable[Mark]) -> Statement[None]:
    """Move the group to its marks, but not beyond the log's end, nor to another event there."""
    rows = [{"group": group, **mark.row} for mark in marks]

    def mark(connection: Connection) -> None:
        if rows:
            connection.execute(_advance, rows)

    return mark


def log_ends(connection: Connection) -> dict[int, int]:
    """By partition, the position of the newest event in the log."""
    return {row.partition: row.last_pos for row in connection.execute(_ends)}
