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
# What the log does not know, an older copy that has come back does not: the next events get those
# positions anew.
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
    """A group that is new begins with the next event: what happened before is not its business."""

    def declare(connection: Connection) -> None:
        ends = log_ends(connection)
        for group in groups:
            for partition, pos in ends.items():
                row = {"name": group, "partition": partition, "pos": pos}
                connection.execute(insert_new(connection, group_positions), row)

    return declare


def marks_of(group: str) -> Statement[dict[int, Mark]]:
    """By partition: all up to there has taken effect or is a dead letter.

    By one statement: the position may move meanwhile, and the id is that of the event there.
    """
    return lambda connection: {
        row.partition: Mark(*row) for row in connection.execute(_marks, {"group": group})
    }


def advance(group: str, marks: Iterable[Mark]) -> Statement[None]:
    """Never beyond the end of the log, nor to where another event stands than the mark's."""
    rows = [{"group": group, **mark.row} for mark in marks]

    def mark(connection: Connection) -> None:
        if rows:
            connection.execute(_advance, rows)

    return mark


def log_ends(connection: Connection) -> dict[int, int]:
    """By partition, the position of the newest event in the log."""
    return {row.partition: row.last_pos for row in connection.execute(_ends)}
