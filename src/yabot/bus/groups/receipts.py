"""Which events a subscriber has dealt with already."""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from yabot.log.tables import receipts
from yabot.storage.relational.database import Statement

_found = select(receipts.c.consumer, receipts.c.cause_id).where(
    receipts.c.consumer.in_(bindparam("consumers", expanding=True)),
    receipts.c.cause_id.in_(bindparam("events", expanding=True)),
)


def receipted(
    consumers: Sequence[str], event_ids: Sequence[str]
) -> Statement[set[tuple[str, str]]]:
    """Pairs of consumer and event id."""
    where = {"consumers": consumers, "events": event_ids}

    def read(connection: Connection) -> set[tuple[str, str]]:
        return {(row.consumer, row.cause_id) for row in connection.execute(_found, where)}

    return read
