"""Forgets what the log no longer needs, a little at a time."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement
from yabot.storage.relational.tables import outbox, outgoing, partitions, receipts, updates

log = get_logger(__name__)

SWEEP_SECONDS = 3600.0
# Short transactions: nobody waits for a sweep.
AT_ONCE = 500


class Retention:
    """Removes what is finished and older than ``days``; what still waits stays, however old.

    Receipts stay twice as long: they must outlive whatever could be delivered once more.
    """

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._keep = timedelta(days=days)
        self.loop = WakingLoop("retention", self.sweep, SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Raises StoreUnavailable; what was removed until then stays removed."""
        for table, expired in _expired(utc_now() - self._keep, utc_now() - 2 * self._keep):
            removed = 0
            while count := await self._database.write(_remove(table, expired)):
                removed += count
            if removed:
                log.info("rows.expired", table=table.name, rows=removed)


def _expired(
    before: datetime, receipts_before: datetime
) -> list[tuple[Table, ColumnElement[bool]]]:
    published = (
        select(partitions.c.published_pos)
        .where(partitions.c.partition == outbox.c.partition)
        .scalar_subquery()
    )
    return [
        (updates, (updates.c.state != "waiting") & (updates.c.received_at < before)),
        (outgoing, (outgoing.c.state != "waiting") & (outgoing.c.created_at < before)),
        (outbox, (outbox.c.pos <= published) & (outbox.c.created_at < before)),
        (receipts, receipts.c.committed_at < receipts_before),
    ]


def _remove(table: Table, expired: ColumnElement[bool]) -> Statement[int]:
    key = tuple_(*table.primary_key.columns)
    oldest = select(*table.primary_key.columns).where(expired).limit(AT_ONCE)
    statement = delete(table).where(key.in_(oldest))

    def remove(connection: Connection) -> int:
        return connection.execute(statement).rowcount

    return remove
