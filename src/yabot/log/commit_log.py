"""The one moment at which anything happens: a unit of work becomes durable, whole or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Connection

from yabot.error_text import error_text
from yabot.errors import GuardFailed, StoreUnavailable, TransientError
from yabot.events.catalog import Catalog
from yabot.events.partition import Entry
from yabot.log.appending import (
    append_documents,
    append_events,
    append_messages,
    has_receipt,
    take_receipt,
)
from yabot.log.documents import CheckedDocuments, checked
from yabot.log.doubt import Doubt
from yabot.log.numbering import advance_counters
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


class _Unconfirmed(NamedTuple, Generic[T]):
    """A decision whose commit SQL has neither confirmed nor refused."""

    answer: T
    work: UnitOfWork


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
        unconfirmed: _Unconfirmed[T] | None = None
        while True:
            work = UnitOfWork(cause)
            try:
                if unconfirmed and (known := await self._found(unconfirmed)):
                    return known
                answer = await uninterrupted(decision(work))
                if not work.changes_anything:
                    return Decided(answer, Committed(cause))
                before, unconfirmed = unconfirmed, _Unconfirmed(answer, work)
                committed = await self.commit(work, checks)
                return self._either(before, Decided(answer, committed))
            except TransientError as error:
                has_lost_race = isinstance(error, GuardFailed)
                if has_lost_race:
                    made, unconfirmed = made + 1, None
                told = {"consumer": cause.consumer, "cause_id": cause.in_log, "reason": str(error)}
                if (has_lost_race and made % attempts) or await doubt.is_justified(error):
                    REDECIDED.inc()
                    log.debug("decision.made_again", **told)
                    continue
                if not waits_out(error):
                    raise
                (log.debug if waits else log.warning)("decision.waiting", **told)
                waits = True
            await asyncio.sleep(next(pauses))

    def _either(self, before: "_Unconfirmed[T] | None", decided: Decided[T]) -> Decided[T]:
        """The decision that was committed: ``before`` may have been, after it was looked for."""
        return self._confirmed(before) if before and decided.committed.duplicate else decided

    async def _found(self, unconfirmed: "_Unconfirmed[T]") -> Decided[T] | None:
        """The decision, if its commit has happened. Raises StoreUnavailable."""
        has_happened = await self.database.read(has_receipt(unconfirmed.work.cause))
        return self._confirmed(unconfirmed) if has_happened else None

    def _confirmed(self, unconfirmed: "_Unconfirmed[T]") -> Decided[T]:
        answer, work = unconfirmed
        # The followers have not been told of its commit.
        self.look_again()
        self._call(work.cause, work.afterwards)
        return Decided(answer, Committed(work.cause, duplicate=True))

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
            told = [partial(follower, committed) for follower in self.followers]
            self._call(work.cause, [*told, *work.afterwards])
        return committed

    def _call(self, cause: Cause, told: Sequence[Callable[[], object]]) -> None:
        """Call each, whichever fails; a follower that fails finds the rows in SQL."""
        for tell in told:
            try:
                tell()
            except Exception:
                log.exception("follower.failed", cause_id=cause.in_log)
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
            events=append_events(connection, work, counters, self.partitions),
        )


def _tell_how_it_ended(committing: "asyncio.Task[Committed]") -> None:
    """Log an error of which the cancelled caller will not hear."""
    error = None if committing.cancelled() else committing.exception()
    if error is not None:
        log.warning("commit.left_alone", reason=error_text(error))
