"""How many events wait: as dead letters, posted but not taken in, or not handled by subscribers."""

from sqlalchemy import Connection, exists, func, select, true

from yabot.bus.tables import dead_letters, group_positions, group_stops, posted_events
from yabot.log.backlog import Queue, Queues
from yabot.log.tables import partitions

QUEUES: Queues = {
    "dead_letters": Queue(
        dead_letters, dead_letters.c.state == "dead", dead_letters.c.first_failed_at
    ),
    "posted_events": Queue(posted_events, true(), posted_events.c.received_at),
}

_unheard = (
    select(
        group_positions.c.name,
        func.sum(partitions.c.last_pos - group_positions.c.pos).label("events"),
    )
    .select_from(
        group_positions.join(partitions, partitions.c.partition == group_positions.c.partition)
    )
    .where(~exists().where(group_stops.c.name == group_positions.c.name))
    .group_by(group_positions.c.name)
)


def unheard(connection: Connection) -> dict[str, int]:
    """How many events each group of subscribers has yet to settle; stopped groups are left out."""
    return {f"group {row.name}": int(row.events) for row in connection.execute(_unheard)}
