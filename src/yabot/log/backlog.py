"""How much has not taken effect yet, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, FromClause, func, select

from yabot.clock import utc_now
from yabot.log.tables import doc_changes, outbox, outgoing, partitions
from yabot.observability.metrics import BACKLOG, BACKLOG_AGE
from yabot.storage.relational.database import Database, Statement


@dataclass(frozen=True, slots=True)
class Queue:
    """Its rows, which of them wait, and the column that says since when, if there is one."""

    source: FromClause
    waits: ColumnElement[bool]
    since: ColumnElement[datetime] | None = None


Queues = Mapping[str, Queue]
Measured = dict[str, tuple[int, datetime | None]]

QUEUES: Queues = {
    "documents": Queue(doc_changes, doc_changes.c.refused.is_(None)),
    "refused_documents": Queue(doc_changes, doc_changes.c.refused.is_not(None)),
    "events": Queue(
        outbox.join(partitions, partitions.c.partition == outbox.c.partition),
        outbox.c.pos > partitions.c.published_pos,
        outbox.c.created_at,
    ),
    "messages": Queue(outgoing, outgoing.c.state == "waiting", outgoing.c.created_at),
}


async def measure_backlog(database: Database, queues: Queues) -> None:
    """Bring the gauges up to date. Raises StoreUnavailable."""
    for queue, (rows, oldest) in (await database.read(_measure(queues))).items():
        BACKLOG.labels(queue).set(rows)
        age = (utc_now() - oldest).total_seconds() if oldest is not None else 0.0
        BACKLOG_AGE.labels(queue).set(max(age, 0.0))


def _measure(queues: Queues) -> Statement[Measured]:
    def measure(connection: Connection) -> Measured:
        return {name: _rows_and_oldest(connection, queue) for name, queue in queues.items()}

    return measure


def _rows_and_oldest(connection: Connection, queue: Queue) -> tuple[int, datetime | None]:
    query = select(func.count()).select_from(queue.source).where(queue.waits)
    rows = connection.execute(query).scalar_one()
    if not rows or queue.since is None:
        return rows, None
    oldest = select(queue.since).select_from(queue.source).where(queue.waits)
    return rows, connection.execute(oldest.order_by(queue.since).limit(1)).scalar()


_documents = select(func.count()).where(doc_changes.c.refused.is_(None))
_unpublished = select(
    func.coalesce(func.sum(partitions.c.last_pos - partitions.c.published_pos), 0)
)


def waiting(connection: Connection) -> dict[str, int]:
    """How many documents and events have not reached their stores."""
    return {
        "documents": int(connection.execute(_documents).scalar_one()),
        "events": int(connection.execute(_unpublished).scalar_one()),
    }
