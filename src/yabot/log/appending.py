"""The rows that a commit appends for whoever follows it."""

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select
from uuid_utils import uuid7

from yabot.clock import from_microseconds, utc_now
from yabot.events.envelope import Envelope, EventPayload
from yabot.events.partition import Entry, partition_of
from yabot.log.documents import CheckedDocuments
from yabot.log.numbering import UserCounter, place
from yabot.log.tables import doc_changes, outbox, outgoing, receipts
from yabot.log.unit_of_work import Cause, DocumentChange, Message, UnitOfWork
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.prepared import Prepared

_add_receipt = Prepared(lambda connection: insert_new(connection, receipts))


def take_receipt(connection: Connection, cause: Cause) -> bool:
    row = {"consumer": cause.consumer, "cause_id": cause.id, "committed_at": utc_now()}
    return _add_receipt.run(connection, row) == 1


_receipt = select(receipts.c.consumer).where(
    receipts.c.consumer == bindparam("who"), receipts.c.cause_id == bindparam("what")
)


def has_receipt(cause: Cause) -> Statement[bool]:
    where = {"who": cause.consumer, "what": cause.id}
    return lambda connection: connection.execute(_receipt, where).first() is not None


_add_event = Prepared(insert(outbox))
_add_change = Prepared(insert(doc_changes).returning(doc_changes.c.id))
_add_message = Prepared(insert(outgoing).returning(outgoing.c.id))


def append_documents(
    connection: Connection, changes: CheckedDocuments
) -> tuple[tuple[int, DocumentChange], ...]:
    appended = []
    for change, document in changes:
        row = {
            "user_id": change.user_id,
            "from_version": change.from_version,
            "document": document,
        }
        appended.append((_id(_add_change.first(connection, row)), change))
    return tuple(appended)


def append_messages(connection: Connection, work: UnitOfWork) -> tuple[tuple[int, Message], ...]:
    now, cause_id = utc_now(), work.cause.receipt
    appended = []
    for n, message in enumerate(work.messages):
        row = {
            "cause_id": cause_id,
            "n": n,
            "chat_id": message.chat_id,
            "method": message.method,
            "payload": message.payload,
            "state": "waiting",
            "content_id": message.content_id,
            "created_at": now,
        }
        appended.append((_id(_add_message.first(connection, row)), message))
    return tuple(appended)


def append_events(
    connection: Connection, work: UnitOfWork, counters: dict[str, UserCounter], partitions: int
) -> tuple[Entry, ...]:
    envelopes = [
        *work.ingested,
        *(_envelope(*event, work.cause, counters) for event in work.events),
    ]
    if not envelopes:
        return ()
    rows = [_event_row(envelope, partitions) for envelope in envelopes]
    place(connection, rows)
    _add_event.run_many(connection, rows)
    return tuple(
        Entry(row["partition"], row["pos"], row["event_type"], row["envelope"]) for row in rows
    )


def _envelope(
    payload: EventPayload,
    user_id: str | None,
    cause: Cause,
    counters: dict[str, UserCounter],
) -> Envelope:
    counter = counters[user_id].next() if user_id is not None else None
    timestamp = from_microseconds(counter.event_us) if counter else utc_now()
    return Envelope(
        event_id=str(uuid7()),
        event_type=payload.event_type,
        version=payload.version,
        timestamp=timestamp,
        user_id=user_id,
        sequence=counter.sequence if counter else None,
        correlation_id=cause.correlation_id,
        causation_id=cause.id,
        payload=payload.in_json(),
    )


def _event_row(envelope: Envelope, partitions: int) -> dict[str, Any]:
    return {
        "event_id": envelope.event_id,
        "partition": partition_of(envelope.lane, partitions),
        "user_id": envelope.user_id,
        "event_type": envelope.event_type,
        "envelope": envelope.to_json(),
        # Each a little later: events of one cause are shown in this order.
        "created_at": utc_now(),
    }


def _id(row: tuple[Any, ...] | None) -> int:
    assert row is not None, "an INSERT with RETURNING gives the row"
    return int(row[0])
