"""The one moment at which anything happens: a unit of work becomes durable, whole or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import Connection
from uuid_utils import uuid7

from yabot.clock import from_microseconds, utc_now
from yabot.error_text import error_text
from yabot.errors import GuardFailed, StoreUnavailable, TransientError
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload
from yabot.events.partition import Entry, partition_of
from yabot.log.appending import (
    add_event,
    append_documents,
    append_messages,
    has_receipt,
    take_receipt,
)
from yabot.log.documents import CheckedDocuments, checked
from yabot.log.doubt import Doubt
from yabot.log.numbering import UserCounter, advance_counters, place
from yabot.log.unit_of_work import Cause, DocumentChange, Message, UnitOfWork
from yabot.log.waits import WaitsOut, nothing
from yabot.observability.logging import get_logger
from yabot.observability.metrics import COMMITS, COMMITTING, REDECIDED, labelled
from yabot.runtime.backoff import backoff
from yabot.runtime.interruption import uninterrupted
from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Database, Statement

log = get_logger(__name__)

T = TypeVar("T")

# Decisions about one cause before its GuardFailed counts as a failure.
MOST_DECISIONS = 8
# Seconds, at most, before a decision that waits is made again.
LONGEST_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit leaves to its followers; ids are those of the rows."""

    cause: Cause
    duplicate: bool = False
    documents: tuple[tuple[int, DocumentChange], ...] = ()
    messages: tuple[tuple[int, Message], ...] = ()
    events: tuple[Entry, ...] = ()


class Decided(NamedTuple, Generic[T]):
    """What the committed decision returned, and its commit."""

    answer: T
    committed: Committed


Follower = Callable[[Committed], None]
# Reads what it needs and adds changes to the unit. It changes nothing itself: it can be repeated.
Decision = Callable[[UnitOfWork], Awaitable[T]]


@dataclass(slots=True)
class CommitLog:
    database: Database
    catalog: Catalog
    partitions: int
    followers: list[Follower] = field(default_factory=list)
    # Each is called with every unit and returns statements to commit along with it.
    companions: list[Callable[[UnitOfWork], Sequence[Statement[None]]]] = field(
        default_factory=list
    )
    # Called when there may be commits of which the followers were not told: they look into SQL.
    on_untold: list[Callable[[], None]] = field(default_factory=list)
    # The event loop keeps only weak references to tasks.
    _under_way: set["asyncio.Task[Committed]"] = field(default_factory=set)

    async def decide(
        self,
        cause: Cause,
        decision: Decision[T],
        *,
        checks: Sequence[Statement[None]] = (),
        waits_out: WaitsOut = nothing,
        attempts: int = MOST_DECISIONS,
        doubted: Gate | None = None,
    ) -> Decided[T]:
        """Let ``decision`` fill a unit of work, and commit it: the one way to make things happen.

        Whoever has a cause calls it: an update, an event, a deadline, a request. When the state
        has changed before the commit, ``decision`` is called again with an empty unit, ``attempts``
        times at most. A decision that adds nothing to its unit commits nothing and leaves no
        receipt. ``checks`` run first in the transaction, and raise LeaseLost when the work is
        another process's.

        After a failure for which ``waits_out`` is true, ``decision`` is called again after a pause,
        without limit; unless SQL did not confirm the commit and it has happened: then its decision
        is returned, with ``duplicate`` set. After a failure of the store behind the gate
        ``doubted``, ``decision`` is called again once, if the store then answers a look. Every
        other failure is raised: GuardFailed from the last attempt, StoreUnavailable, LeaseLost,
        Interrupted, what ``decision`` and ``commit`` raise.
        """
        made, waits, doubt, pauses = 0, False, Doubt(doubted), backoff(most=LONGEST_PAUSE)
        unconfirmed: Decided[T] | None = None
        while True:
            work = UnitOfWork(cause)
            try:
                if unconfirmed and await self._has_happened(cause):
                    return unconfirmed
                answer = await uninterrupted(decision(work))
                if not work.changes_anything:
                    return Decided(answer, Committed(cause))
                before, unconfirmed = unconfirmed, Decided(answer, Committed(cause, duplicate=True))
                committed = await self.commit(work, checks)
                # One that had only just not happened.
                return (committed.duplicate and before) or Decided(answer, committed)
            except TransientError as error:
                if isinstance(error, GuardFailed):
                    unconfirmed = None
                made += isinstance(error, GuardFailed)
                told = {"consumer": cause.consumer, "cause_id": cause.in_log, "reason": str(error)}
                has_lost_race = isinstance(error, GuardFailed) and made % attempts
                if has_lost_race or await doubt.is_justified(error):
                    REDECIDED.inc()
                    log.debug("decision.made_again", **told)
                    continue
                if not waits_out(error):
                    raise
                (log.debug if waits else log.warning)("decision.waiting", **told)
                waits = True
            await asyncio.sleep(next(pauses))

    async def _has_happened(self, cause: Cause) -> bool:
        """Where SQL has not confirmed a commit. Raises StoreUnavailable."""
        found = await self.database.read(has_receipt(cause))
        if found:
            # The followers have not been told of it.
            self.look_again()
        return found

    async def commit(self, work: UnitOfWork, checks: Sequence[Statement[None]] = ()) -> Committed:
        """Make ``work`` and its receipt durable, then tell the followers.

        If the caller is cancelled, the commit goes on without it, and the followers are told. If
        the cause has a receipt already, nothing changes and ``duplicate`` is true.
        Raises GuardFailed (nothing happened: decide again), StoreUnavailable (nothing is known:
        the same unit may be committed again), InvalidInput for an event that is not in the
        catalog or lacks its user, DocumentInvalid for a document that a store would refuse.
        """
        for payload, user_id in work.events:
            self.catalog.check(payload, user_id)
        for envelope in work.ingested:
            self.catalog.payload_of(envelope)
        documents = [checked(change) for change in work.documents.values()]
        besides = [statement for ask in self.companions for statement in ask(work)]
        committing = asyncio.create_task(self._commit(work, checks, documents, besides))
        self._under_way.add(committing)
        committing.add_done_callback(self._under_way.discard)
        try:
            return await asyncio.shield(committing)
        except asyncio.CancelledError:
            committing.add_done_callback(_tell_how_it_ended)
            raise

    async def finish(self, seconds: float) -> None:
        """Wait, at most ``seconds``, for commits whose callers were cancelled."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)

    async def _commit(
        self,
        work: UnitOfWork,
        checks: Sequence[Statement[None]],
        documents: CheckedDocuments,
        besides: Sequence[Statement[None]],
    ) -> Committed:
        started = perf_counter()
        try:
            committed = await self.database.write(
                lambda connection: self._apply(connection, work, checks, documents, besides)
            )
        except GuardFailed:
            labelled(COMMITS, "guard_failed").inc()
            raise
        except StoreUnavailable:
            # The commit may have happened all the same, and the caller may never ask.
            self.look_again()
            raise
        finally:
            COMMITTING.observe(perf_counter() - started)
        labelled(COMMITS, "duplicate" if committed.duplicate else "committed").inc()
        log.debug("unit.committed", cause_id=work.cause.in_log, duplicate=committed.duplicate)
        # A commit proves as much as a ping: both write a receipt.
        self.database.gate.answers += not committed.duplicate
        if committed.duplicate:
            # The first commit's confirmation may have been lost before the followers were told.
            self.look_again()
        else:
            self._tell(committed)
        return committed

    def _tell(self, committed: Committed) -> None:
        """A follower that fails does not keep the others from hearing; it finds the rows in SQL."""
        for follower in self.followers:
            try:
                follower(committed)
            except Exception:
                log.exception("follower.failed", cause_id=committed.cause.in_log)
                self.look_again()

    def look_again(self) -> None:
        """Make the followers read SQL: a commit may exist that nobody told them about."""
        for look in self.on_untold:
            look()

    def _apply(
        self,
        connection: Connection,
        work: UnitOfWork,
        checks: Sequence[Statement[None]],
        documents: CheckedDocuments,
        besides: Sequence[Statement[None]],
    ) -> Committed:
        if not take_receipt(connection, work.cause):
            return Committed(work.cause, duplicate=True)
        for statement in (*checks, *work.statements, *besides):
            statement(connection)
        counters = advance_counters(connection, work)
        return Committed(
            work.cause,
            documents=append_documents(connection, documents),
            messages=append_messages(connection, work),
            # Last, because other units wait for the lock of the partition.
            events=self._append_events(connection, work, counters),
        )

    def _append_events(
        self, connection: Connection, work: UnitOfWork, counters: dict[str, UserCounter]
    ) -> tuple[Entry, ...]:
        envelopes = [
            *work.ingested,
            *(self._envelope(*event, work.cause, counters) for event in work.events),
        ]
        if not envelopes:
            return ()
        rows = [self._event_row(envelope) for envelope in envelopes]
        place(connection, rows)
        add_event.run_many(connection, rows)
        return tuple(
            Entry(row["partition"], row["pos"], row["event_type"], row["envelope"]) for row in rows
        )

    def _envelope(
        self,
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

    def _event_row(self, envelope: Envelope) -> dict[str, Any]:
        return {
            "event_id": envelope.event_id,
            "partition": partition_of(envelope.lane, self.partitions),
            "user_id": envelope.user_id,
            "event_type": envelope.event_type,
            "envelope": envelope.to_json(),
            "created_at": utc_now(),
        }


def _tell_how_it_ended(committing: "asyncio.Task[Committed]") -> None:
    """Log an error of which the cancelled caller will not hear."""
    error = None if committing.cancelled() else committing.exception()
    if error is not None:
        log.warning("commit.left_alone", reason=error_text(error))
