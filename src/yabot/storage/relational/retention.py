"""Forgets what the log no longer needs, a little at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement
from yabot.storage.relational.tables import (
    dead_letters,
    group_positions,
    ingested,
    outbox,
    outgoing,
    partitions,
    receipts,
    updates,
)

log = get_logger(__name__)

SWEEP_SECONDS = 3600.0
# Short transactions: nobody waits for a sweep.
AT_ONCE = 500


class Retention:
    """Removes what is finished and older than ``days``; what still waits stays, however old.

    Receipts stay twice as long, and so does what is remembered of other services' events: they
    must outlive whatever could be delivered once more.
    """

    def __init__(self, database: Database, days: int, groups: Sequence[str] = ()) -> None:
        """``groups`` of subscribers that are still to read the log."""
        self._database = database
        self._groups = groups
        self._keep = timedelta(days=days)
        self.loop = WakingLoop("retention", self.sweep, SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Raises StoreUnavailable; what was removed until then stays removed."""
        now = utc_now()
        for table, expired in _expired(now - self._keep, now - 2 * self._keep, self._groups):
            removed = 0
            while count := await self._database.write(_remove(table, expired)):
                removed += count
            if removed:
                log.info("rows.expired", table=table.name, rows=removed)


def _expired(
    before: datetime, receipts_before: datetime, groups: Sequence[str]
) -> list[tuple[Table, ColumnElement[bool]]]:
    published = (
        select(partitions.c.published_pos)
        .where(partitions.c.partition == outbox.c.partition)
        .scalar_subquery()
    )
    still_to_come = (
        select(group_positions.c.pos)
        .where(
            group_positions.c.partition == outbox.c.partition,
            group_positions.c.name.in_(groups),
            group_positions.c.pos < outbox.c.pos,
        )
        .exists()
    )
    settled = dead_letters.c.state.in_(("resolved", "discarded"))
    return [
        (updates, (updates.c.state != "waiting") & (updates.c.received_at < before)),
        (outgoing, (outgoing.c.state != "waiting") & (outgoing.c.created_at < before)),
        (
            outbox,
            (outbox.c.pos <= published) & ~still_to_come & (outbox.c.created_at < before),
        ),
        (dead_letters, settled & (dead_letters.c.last_failed_at < before)),
        (ingested, ingested.c.ingested_at < receipts_before),
        (receipts, receipts.c.committed_at < receipts_before),
    ]


def _remove(table: Table, expired: ColumnElement[bool]) -> Statement[int]:
    key = tuple_(*table.primary_key.columns)
    oldest = select(*table.primary_key.columns).where(expired).limit(AT_ONCE)
    statement = delete(table).where(key.in_(oldest))

    def remove(connection: Connection) -> int:
        return connection.execute(statement).rowcount

    return remove
