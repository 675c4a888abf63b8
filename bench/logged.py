"""Events in the log as if they had just been committed, any number of them at once."""

from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from uuid_utils import uuid7

from yabot.clock import utc_now
from yabot.events.envelope import Envelope
from yabot.events.operations import OperationCompleted
from yabot.events.partition import Entry, partition_of
from yabot.log.tables import outbox, partitions

Row = dict[str, Any]

USERS = 500

_set_last = (
    update(partitions)
    .where(partitions.c.partition == bindparam("number"))
    .values(last_pos=bindparam("at"))
)


def new_rows(events: int, partitions: int, users: int = USERS) -> list[Row]:
    """Of ``users``, in turn."""
    return [_row(str(1_000_000 + n % users), partitions) for n in range(events)]


def refill(connection: Connection, rows: list[Row]) -> list[Entry]:
    """In place of what is in the log, behind its positions."""
    connection.execute(delete(outbox))
    last = dict(connection.execute(select(partitions.c.partition, partitions.c.last_pos)).all())
    placed = []
    for row in rows:
        last[row["partition"]] += 1
        placed.append(row | {"pos": last[row["partition"]]})
    connection.execute(insert(outbox), placed)
    connection.execute(_set_last, [{"number": n, "at": pos} for n, pos in last.items()])
    return [
        Entry(row["partition"], row["pos"], row["event_type"], row["envelope"]) for row in placed
    ]


def _row(user_id: str, partitions: int) -> Row:
    payload = OperationCompleted(operation="choice", outcome="ok", duration_ms=12.5)
    envelope = Envelope(
        event_id=str(uuid7()),
        event_type=payload.event_type,
        version=payload.version,
        timestamp=utc_now(),
        user_id=user_id,
        sequence=1,
        correlation_id="update:42:1",
        causation_id="update:42:1",
        payload=payload.model_dump(mode="json", exclude_none=True),
    )
    return {
        "event_id": envelope.event_id,
        "partition": partition_of(user_id, partitions),
        "user_id": user_id,
        "event_type": envelope.event_type,
        "envelope": envelope.to_json(),
        "created_at": envelope.timestamp,
    }
