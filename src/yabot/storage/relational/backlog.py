"""How much of the log has not taken effect yet, and for how long."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from yabot.clock import utc_now
from yabot.observability.metrics import BACKLOG, BACKLOG_AGE
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import (
    dead_letters,
    doc_changes,
    outbox,
    outgoing,
    partitions,
    updates,
)

_unpublished = outbox.join(partitions, partitions.c.partition == outbox.c.partition)
# For each queue: where its rows are, which of them wait, and since when.
_QUEUES: dict[str, tuple[FromClause, ColumnElement[bool], ColumnElement[datetime] | None]] = {
    "updates": (updates, updates.c.state == "waiting", updates.c.received_at),
    # These wait for a version that can read them.
    "unreadable": (updates, updates.c.state == "unreadable", updates.c.received_at),
    "documents": (doc_changes, doc_changes.c.id > 0, None),
    "events": (_unpublished, outbox.c.pos > partitions.c.published_pos, outbox.c.created_at),
    "messages": (outgoing, outgoing.c.state == "waiting", outgoing.c.created_at),
    # These wait for an operator.
    "dead_letters": (dead_letters, dead_letters.c.state == "dead", dead_letters.c.first_failed_at),
}


async def measure_backlog(database: Database) -> None:
    """Bring the gauges up to date. Raises StoreUnavailable."""
    for queue, (rows, oldest) in (await database.read(_measure)).items():
        BACKLOG.labels(queue).set(rows)
        age = (utc_now() - oldest).total_seconds() if oldest is not None else 0.0
        BACKLOG_AGE.labels(queue).set(max(age, 0.0))


def _measure(connection: Connection) -> dict[str, tuple[int, datetime | None]]:
    measured = {}
    for queue, (source, waits, since) in _QUEUES.items():
        query = select(func.count()).select_from(source).where(waits)
        rows = connection.execute(query).scalar_one()
        oldest = None
        if rows and since is not None:
            oldest = connection.execute(
                select(since).select_from(source).where(waits).order_by(since).limit(1)
            ).scalar()
        measured[queue] = (rows, oldest)
    return measured
