"""The one moment at which anything happens: a unit of work becomes durable, whole or not at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, insert, update
from uuid_utils import uuid7

from yabot.clock import from_microseconds, to_microseconds, utc_now
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload
from yabot.events.partition import Entry, partition_of
from yabot.observability.logging import get_logger
from yabot.observability.metrics import COMMITS, COMMITTING, labelled
from yabot.storage.relational.database import Database, insert_new
from yabot.storage.relational.prepared import Prepared
from yabot.storage.relational.tables import (
    doc_changes,
    outbox,
    outgoing,
    partitions,
    receipts,
    user_counters,
)
from yabot.storage.relational.unit_of_work import (
    Cause,
    DocumentChange,
    Message,
    UnitOfWork,
    guard,
)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit leaves to its followers; ids are those of the rows."""

    cause: Cause
    duplicate: bool = False
    documents: tuple[tuple[int, DocumentChange], ...] = ()
    messages: tuple[tuple[int, Message], ...] = ()
    events: tuple[Entry, ...] = ()


Follower = Callable[[Committed], None]


@dataclass(slots=True)
class CommitLog:
    database: Database
    catalog: Catalog
    partitions: int
    followers: list[Follower] = field(default_factory=list)
    # Called when there may be commits of which the followers were not told: they look into SQL.
    on_untold: list[Callable[[], None]] = field(default_factory=list)

    async def commit(self, work: UnitOfWork) -> Committed:
        """All of ``work`` and its receipt, durable on return; then the followers are told.

        A cause that has its receipt already changes nothing: ``duplicate`` is then true.
        Raises GuardFailed (nothing happened: decide again), StoreUnavailable (nothing is known:
        the same unit may be committed again), InvalidInput for an event that is not in the
        catalog, ValidationError for a document that breaks its model.
        """
        for payload, _ in work.events:
            self.catalog.check(payload)
        for envelope in work.ingested:
            self.catalog.payload_of(envelope)
        redo = {change.user_id: _redo(change) for change in work.documents.values()}
        started = perf_counter()
        try:
            committed = await self.database.write(
                lambda connection: self._apply(connection, work, redo)
            )
        except GuardFailed:
            labelled(COMMITS, "guard_failed").inc()
            raise
        except StoreUnavailable:
            # It may have happened all the same, and nobody may ever ask.
            self.look_again()
            raise
        finally:
            COMMITTING.observe(perf_counter() - started)
        labelled(COMMITS, "duplicate" if committed.duplicate else "committed").inc()
        log.debug("unit.committed", cause_id=work.cause.id, duplicate=committed.duplicate)
        if committed.duplicate:
            # The answer to its commit may have got lost, and with it what should have been told.
            self.look_again()
        else:
            for follower in self.followers:
                follower(committed)
        return committed

    def look_again(self) -> None:
        """Somebody may have died behind a commit: let the followers go on with it now."""
        for look in self.on_untold:
            look()

    def _apply(
        self, connection: Connection, work: UnitOfWork, redo: dict[str, str | None]
    ) -> Committed:
        if not _take_receipt(connection, work.cause):
            return Committed(work.cause, duplicate=True)
        for statement in work.statements:
            statement(connection)
        counters = _advance_counters(connection, work)
        return Committed(
            work.cause,
            documents=_append_documents(connection, work, redo),
            messages=_append_messages(connection, work),
            # Last, because other units wait for the lock of the partition.
            events=self._append_events(connection, work, counters),
        )

    def _append_events(
        self, connection: Connection, work: UnitOfWork, counters: dict[str, "_Counter"]
    ) -> tuple[Entry, ...]:
        envelopes = [
            *work.ingested,
            *(self._envelope(*event, work.cause, counters) for event in work.events),
        ]
        if not envelopes:
            return ()
        rows = [self._event_row(envelope) for envelope in envelopes]
        _place(connection, rows)
        _add_event.run_many(connection, rows)
        return tuple(
            Entry(row["partition"], row["pos"], row["event_type"], row["envelope"]) for row in rows
        )

    def _envelope(
        self,
        payload: EventPayload,
        user_id: str | None,
        cause: Cause,
        counters: dict[str, "_Counter"],
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
            payload=payload.model_dump(mode="json", exclude_none=True),
        )

    def _event_row(self, envelope: Envelope) -> dict[str, Any]:
        return {
            "event_id": envelope.event_id,
            "partition": partition_of(envelope.lane, self.partitions),
            "user_id": envelope.user_id,
            "event_type": envelope.event_type,
            "envelope": envelope.to_json(),
            "created_at": utc_now(),
        }


_take_positions = Prepared(
    update(partitions)
    .where(partitions.c.partition == bindparam("number"))
    .values(last_pos=partitions.c.last_pos + bindparam("count"))
    .returning(partitions.c.last_pos)
)


def _place(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Give each event its position. Partitions are locked in the order of their numbers."""
    counts = Counter(row["partition"] for row in rows)
    last = {}
    for number in sorted(counts):
        taken = _take_positions.first(connection, {"number": number, "count": counts[number]})
        assert taken is not None, "settle_partitions has made a row for each"
        last[number] = taken[0] - counts[number]
    for row in rows:
        last[row["partition"]] += 1
        row["pos"] = last[row["partition"]]


@dataclass(slots=True)
class _Counter:
    """Walks over the numbers that one statement took for several events."""

    sequence: int
    event_us: int

    def next(self) -> "_Counter":
        self.sequence += 1
        self.event_us += 1
        return self


_add_receipt = Prepared(lambda connection: insert_new(connection, receipts))


def _take_receipt(connection: Connection, cause: Cause) -> bool:
    row = {"consumer": cause.consumer, "cause_id": cause.id, "committed_at": utc_now()}
    return _add_receipt.run(connection, row) == 1


def _advance_counters(connection: Connection, work: UnitOfWork) -> dict[str, _Counter]:
    """Number the events of each user and step its version, under the lock of its counter row.

    Users are taken in order of their ids, so that two units never wait for each other in a ring.
    """
    if not (work.events or work.documents):
        return {}
    events = Counter(user_id for _, user_id in work.events if user_id is not None)
    counters = {}
    for user_id in sorted(events.keys() | work.documents.keys()):
        change = work.documents.get(user_id)
        from_version = change.from_version if change else None
        counters[user_id] = _advance(connection, user_id, events[user_id], from_version)
    return counters


_now: BindParameter[int] = bindparam("now")
_count: BindParameter[int] = bindparam("count")
_any_version = (
    update(user_counters)
    .where(user_counters.c.user_id == bindparam("user"))
    .values(
        sequence=user_counters.c.sequence + _count,
        # Later than the user's last event, whatever the wall clock says.
        last_event_us=case(
            (user_counters.c.last_event_us < _now, _now), else_=user_counters.c.last_event_us
        )
        + _count,
    )
    .returning(user_counters.c.sequence, user_counters.c.last_event_us)
)
_this_version = _any_version.where(
    user_counters.c.state_version == bindparam("from_version")
).values(state_version=bindparam("from_version") + 1)
_step, _step_version = Prepared(_any_version), Prepared(_this_version)


def _advance(
    connection: Connection, user_id: str, events: int, from_version: int | None
) -> _Counter:
    now = to_microseconds(utc_now())
    values: dict[str, object] = {"user": user_id, "count": events, "now": now}
    if from_version is None:
        row = _step.first(connection, values)
    else:
        row = _step_version.first(connection, values | {"from_version": from_version})
    if row is not None:
        return _Counter(row[0] - events, row[1] - events)
    _add_counter(connection, user_id, events, from_version, now)
    return _Counter(0, now)


def _add_counter(
    connection: Connection, user_id: str, events: int, from_version: int | None, now: int
) -> None:
    guard(not from_version, f"the state of user {user_id}")
    row = {
        "user_id": user_id,
        "sequence": events,
        "state_version": 0 if from_version is None else 1,
        "last_event_us": now + events,
    }
    added = connection.execute(insert_new(connection, user_counters), row).rowcount == 1
    guard(added, f"the state of user {user_id}")


_add_event = Prepared(insert(outbox))
_add_change = Prepared(insert(doc_changes).returning(doc_changes.c.id))
_add_message = Prepared(insert(outgoing).returning(outgoing.c.id))


def _redo(change: DocumentChange) -> str | None:
    """The document as its row will hold it. Checked now: MongoDB cannot refuse it later."""
    if change.document is None:
        return None
    row = change.document.model_dump_json(by_alias=True)
    type(change.document).model_validate_json(row)
    return row


def _append_documents(
    connection: Connection, work: UnitOfWork, redo: dict[str, str | None]
) -> tuple[tuple[int, DocumentChange], ...]:
    appended = []
    for change in work.documents.values():
        row = {
            "user_id": change.user_id,
            "from_version": change.from_version,
            "document": redo[change.user_id],
        }
        appended.append((_id(_add_change.first(connection, row)), change))
    return tuple(appended)


def _append_messages(connection: Connection, work: UnitOfWork) -> tuple[tuple[int, Message], ...]:
    now = utc_now()
    appended = []
    for n, message in enumerate(work.messages):
        row = {
            "cause_id": work.cause.id,
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


def _id(row: tuple[Any, ...] | None) -> int:
    assert row is not None, "an INSERT with RETURNING gives the row"
    return int(row[0])
