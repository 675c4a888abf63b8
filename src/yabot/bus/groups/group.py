"""A group of subscribers: takes events on in the order of the log, each user's one after another.

Events come from the feed while the group keeps up with it. What the feed did not bring, or brought
while the group had its hands full, is read from the log.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import ValidationError
from uuid_utils import uuid7

from yabot.bus import outbox
from yabot.bus.groups import failures
from yabot.bus.groups.delivery import Delivery
from yabot.bus.groups.failures import Case
from yabot.bus.groups.flood import FloodGate
from yabot.bus.groups.gaps import audit_gaps
from yabot.bus.groups.pace import USUAL, Pace
from yabot.bus.groups.positions import log_ends
from yabot.bus.groups.progress import Progress
from yabot.bus.groups.receipts import receipted
from yabot.bus.groups.retries import Retries
from yabot.bus.groups.shares import Shares
from yabot.bus.groups.turns import Turns
from yabot.bus.inbound.ingested import any_ingested
from yabot.clock import utc_now
from yabot.error_text import error_text
from yabot.errors import LeaseLost, StoreUnavailable, YabotError
from yabot.events.envelope import Envelope
from yabot.events.failures import SubscribersStopped
from yabot.events.partition import Entry
from yabot.log.commit_log import CommitLog
from yabot.log.leases import Leases
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import EVENTS_IN_FLIGHT, GROUP_LAG, GROUP_LAG_AGE
from yabot.runtime.lanes import Lanes
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Statement
from yabot.subscriber import Subscriber

log = get_logger(__name__)

# No more than so many are taken on before they are handled; at half of it there is room again.
MOST_WAITING = 2000

# Pairs of consumer and event id.
Handled = frozenset[tuple[str, str]] | set[tuple[str, str]]
# Work that no event asks for. It is given what its transactions check: that the partition is still
# this process's.
Job = Callable[[Statement[None] | None], Awaitable[None]]


class GroupStopped(YabotError):
    """Too many dead letters: the group takes nothing on until the program is started again."""

    code = "subscribers_stopped"


class SubscriberGroup:
    """``name`` is the group's in SQL: its place in the log, and its shares of the work."""

    def __init__(
        self,
        name: str,
        subscribers: Sequence[Subscriber[Any]],
        commits: CommitLog,
        leases: Leases,
        pace: Pace = USUAL,
    ) -> None:
        self.name = name
        # One consumer may listen to several types of events.
        self._subscribers = {
            (subscriber.name, subscriber.event.event_type): subscriber for subscriber in subscribers
        }
        self._consumers = {subscriber.name for subscriber in subscribers}
        self._by_type: dict[str, list[Subscriber[Any]]] = defaultdict(list)
        for subscriber in subscribers:
            self._by_type[subscriber.event.event_type].append(subscriber)
        self._commits = commits
        self._database = commits.database
        self._shares = Shares(name, commits.database, leases, pace)
        self._flood = FloodGate()
        self._delivery = Delivery(commits, self._flood.note, pace)
        # What is bounded is how many attempts run: a lane that pauses keeps nobody waiting.
        self._lanes: Lanes[str] = Lanes(None, self._lane_failed)
        self._turns = Turns(commits.catalog.before)
        self._retries = Retries(name, self._subscribers, self._shares, self._lanes, self._delivery)
        self._stopping = False
        self._stop_announced = False
        # Partitions taken over whose failures so far have yet to be read.
        self._begun: list[Progress] = []
        # Of events that have failed in an earlier start, or elsewhere: by consumer and event.
        self._failures: dict[tuple[str, str], int] = {}
        self.loop = WakingLoop(f"subscribers of {name}", self.run_once, pace.look_every)

    def offer(self, partition: int, entries: Sequence[Entry]) -> None:
        """Events as they are published: taken on if they are the next ones and there is room."""
        progress = self._shares.get(partition)
        if progress is None or progress.closed or self._flood.shut:
            return
        if progress.behind:
            progress.more = True
            return
        for entry in entries:
            if entry.pos > progress.taken and not self._took_next(progress, entry):
                progress.behind = progress.more = True
                self.loop.wake()
                return
        self._shares.mark_soon()

    async def run_once(self) -> None:
        """Look after the shares and the log. Raises StoreUnavailable, GroupStopped."""
        if self._stopping:
            return
        if self._flood.shut:
            await self._announce_stop()
        self._begun += await self._shares.refresh()
        await self._recall_failures()
        ends = await self._database.read(log_ends)
        self._turns.mixed = self._turns.mixed or await self._database.read(any_ingested)
        for progress in self._shares:
            if progress.lacks_some(ends[progress.partition]):
                await self._catch_up(progress)
            else:
                progress.behind = False
            progress.looked()
        await self._retries.take_up()
        self._measure(ends)

    @property
    def partitions(self) -> list[int]:
        """Those in which this process works."""
        return [share.partition for share in self._shares if not share.closed]

    def submit(self, partition: int, lane: str, job: Job) -> bool:
        """Let ``job`` have its turn among the events of its lane, behind all that has happened.

        False when it is not to be done here, or not now.
        """
        share = self._shares.get(partition)
        if share is None or share.closed or share.behind or self._flood.shut or self._is_full():
            return False
        self._lanes.submit(lane, lambda: self._run(share, job))
        return True

    async def stop(self, seconds: float) -> None:
        """Take nothing more on, finish what runs, hand over. What is left is done by others."""
        self._stopping = True
        self._shares.close()
        await self.loop.finish(seconds)
        if not await self._lanes.drain(seconds):
            log.warning("events.left_for_next_start", group=self.name, events=self._lanes.waiting)
            await self._lanes.cancel()
            self._turns.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._shares.leave()
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("shares.not_handed_over", group=self.name, reason=error_text(error))

    async def _recall_failures(self) -> None:
        if self._begun:
            partitions = [progress.partition for progress in self._begun]
            known = failures.failures_of(self.name, partitions)
            self._failures.update(await self._database.read(known))
            self._begun.clear()

    def _took_next(self, progress: Progress, entry: Entry) -> bool:
        """False: what comes next is to be read from the log."""
        is_next = entry.pos == progress.taken + 1 and entry.pos > progress.handled_before
        if not is_next or self._is_full():
            return False
        try:
            self._take_entry(progress, entry, frozenset())
        except ValidationError:
            log.warning("feed.unreadable", partition=entry.partition, pos=entry.pos)
            return False
        return True

    async def _catch_up(self, progress: Progress) -> None:
        """Until there is no more in the log, or no more room here."""
        progress.behind = progress.more = True
        while progress.more and not progress.closed and not self._is_full():
            progress.more = False
            after = outbox.entries_after(progress.partition, progress.taken)
            entries = await self._database.read(after)
            await audit_gaps(self._commits, progress.partition, progress.taken, entries)
            handled = await self._handled_among(progress, entries)
            for entry in entries:
                self._take_entry(progress, entry, handled)
            progress.more = progress.more or len(entries) == outbox.READ_AT_ONCE
        progress.behind = progress.more
        self._shares.mark_soon()

    async def _handled_among(self, progress: Progress, entries: Sequence[Entry]) -> Handled:
        """An event that has its receipt is done, whatever its handler would say of it now."""
        old = [
            _read(entry).event_id
            for entry in entries
            if entry.pos <= progress.handled_before and entry.event_type in self._by_type
        ]
        if not old:
            return frozenset()
        return await self._database.read(receipted(sorted(self._consumers), old))

    def _take_entry(self, progress: Progress, entry: Entry, handled: Handled) -> None:
        if entry.pos <= progress.taken or progress.closed:
            return
        if entry.event_type in self._by_type:
            self._take_on(progress, entry.pos, _read(entry), handled)
        else:
            progress.skip(entry.pos)

    def _take_on(self, progress: Progress, pos: int, envelope: Envelope, handled: Handled) -> None:
        cases = [
            self._case(subscriber, envelope, progress)
            for subscriber in self._by_type[envelope.event_type]
            if not handled or (subscriber.name, envelope.event_id) not in handled
        ]
        if cases:
            progress.take(pos, envelope.timestamp)
            self._turns.add(envelope, lambda: self._settle(progress, pos, cases))
            self._lanes.submit(envelope.lane, lambda: self._turns.take(envelope.lane))
        else:
            progress.skip(pos)

    def _case(self, subscriber: Subscriber[Any], envelope: Envelope, share: Progress) -> Case:
        case = Case(subscriber, self.name, share.partition, envelope, share.check)
        if self._failures:
            case.failures = self._failures.pop((subscriber.name, envelope.event_id), 0)
        return case

    async def _settle(self, progress: Progress, pos: int, cases: Sequence[Case]) -> None:
        """What is not settled here, because the group stops or has lost the partition, is open to
        whoever takes it on next.
        """
        try:
            for case in cases:
                if self._flood.shut:
                    return
                await self._delivery.deliver(case)
        except LeaseLost:
            self._shares.drop(progress)
            return
        progress.finish(pos)
        self._shares.mark_soon()
        if self._lanes.waiting == MOST_WAITING // 2:
            self.loop.wake()

    async def _run(self, share: Progress, job: Job) -> None:
        try:
            await job(share.check)
        except LeaseLost:
            self._shares.drop(share)

    async def _announce_stop(self) -> None:
        """Raises GroupStopped."""
        dead = self._flood.dead
        if not self._stop_announced:

            async def tell(work: UnitOfWork) -> None:
                work.publish(SubscribersStopped(group=self.name, dead_letters=dead))

            cause_id = f"stopped:{uuid7()}"
            await self._commits.decide(Cause("subscribers", cause_id, cause_id), tell)
            self._stop_announced = True
        raise GroupStopped(
            f"{dead} of the last hundred events of '{self.name}' became dead letters, so it takes "
            "no more: look at `yabot dlq list`, mend what is wrong, and start the program again"
        )

    def _is_full(self) -> bool:
        return self._lanes.waiting >= MOST_WAITING

    def _lane_failed(self, lane: str, error: Exception) -> None:
        log.error("event.lane_failed", group=self.name, lane=lane, exc_info=error)

    def _measure(self, ends: dict[int, int]) -> None:
        now = utc_now()
        ages = [(now - share.oldest).total_seconds() for share in self._shares if share.oldest]
        EVENTS_IN_FLIGHT.labels(self.name).set(self._lanes.waiting)
        GROUP_LAG.labels(self.name).set(
            sum(ends[share.partition] - share.settled for share in self._shares)
        )
        GROUP_LAG_AGE.labels(self.name).set(max(ages, default=0.0))


def _read(entry: Entry) -> Envelope:
    return Envelope.model_validate_json(entry.envelope)
