"""A group of subscribers: takes events on in the order of the log, each user's one after another.

Events come from the feed while the group keeps up with it. Events that the feed did not bring, or
brought while the group was full, are read from the log.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from yabot.bus.dead_letters.failures import Case
from yabot.bus.groups.breaker import CircuitBreaker
from yabot.bus.groups.delivery import Delivery
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.gaps import audit_gaps
from yabot.bus.groups.places import Places
from yabot.bus.groups.positions import log_ends
from yabot.bus.groups.progress import Progress
from yabot.bus.groups.reading import Rewound, read_on
from yabot.bus.groups.receipts import receipted
from yabot.bus.groups.retries import Retries
from yabot.bus.groups.switch import GroupStopped, Switch
from yabot.bus.groups.turns import Turns
from yabot.bus.inbound.ingested import any_ingested
from yabot.clock import utc_now
from yabot.errors import LeaseLost
from yabot.events.envelope import Envelope
from yabot.events.partition import Entry
from yabot.log.assignment import Assignee, Assignment
from yabot.log.commit_log import CommitLog
from yabot.log.lease import Lease
from yabot.observability.logging import get_logger
from yabot.observability.metrics import EVENTS_IN_FLIGHT, GROUP_LAG, GROUP_LAG_AGE
from yabot.runtime.lanes import Lanes
from yabot.runtime.loops import WakingLoop
from yabot.subscriber import Subscriber

log = get_logger(__name__)

# At most so many events are taken on and not handled yet; at half of it the group reads on.
MOST_WAITING = 2000
# Seconds that running handlers get before a group that had stopped goes on.
FINISH_WORK = 2.0

# Pairs of consumer and event id.
Handled = frozenset[tuple[str, str]] | set[tuple[str, str]]
# Work without an event, to be done with this lease, which may be closed when the turn comes.
Job = Callable[[Lease], Awaitable[None]]


class SubscriberGroup(Assignee):
    """Its name in SQL, for positions and leases, is that of its ``assignment``."""

    def __init__(
        self,
        subscribers: Sequence[Subscriber[Any]],
        commits: CommitLog,
        assignment: Assignment,
        *,
        places: Places,
        breaker: CircuitBreaker,
        delivery: Delivery,
        lanes: Lanes[str],
        turns: Turns,
        retries: Retries,
        look_every: float,
    ) -> None:
        """The ``retries`` have their turns in the ``lanes``; ``look_every`` is in seconds."""
        self.name = assignment.group
        self._consumers = {subscriber.name for subscriber in subscribers}
        self._by_type: dict[str, list[Subscriber[Any]]] = defaultdict(list)
        for subscriber in subscribers:
            self._by_type[subscriber.event.event_type].append(subscriber)
        self._commits = commits
        self._database = commits.database
        self._places = places
        self._breaker = breaker
        self._switch = Switch(assignment.group, commits, breaker)
        self._delivery = delivery
        self._lanes = lanes
        self._turns = turns
        self._retries = retries
        self._stopping = False
        # Called when all submitted jobs were dropped: none of them will have its turn.
        self.on_forgotten: list[Callable[[], None]] = []
        self.assignment = assignment
        assignment.assignee = self
        self.loop = WakingLoop(f"subscribers of {self.name}", self.run_once, look_every)

    def start(self) -> None:
        self.assignment.start()
        self.loop.start()

    def listen_to(self, feed: Feed) -> None:
        """Take on what ``feed`` brings; turns take into account when it does not follow."""
        feed.listeners.append(self.offer)
        self._places.is_fed = feed.follows

    def offer(self, partition: int, entries: Sequence[Entry]) -> None:
        """Take on events as they are published, if they are the next ones and there is room."""
        progress = self._places.get(partition)
        if progress is None or self._stopping or self._breaker.is_open:
            return
        if progress.behind:
            progress.more = True
            return
        for entry in entries:
            if entry.pos > progress.taken and not self._took_next(progress, entry):
                progress.behind = progress.more = True
                self.loop.wake()
                return
        self._places.mark_soon()

    async def run_once(self) -> None:
        """Look into the log. Raises StoreUnavailable, GroupStopped."""
        if self._stopping:
            return
        if await self._is_on_again():
            await self._begin_anew()
            log.info("subscribers.go_on", group=self.name)
        try:
            await self._look()
        except Rewound:
            log.warning("log.rewound", group=self.name)
            await self._begin_anew()
            self.loop.wake()

    async def _look(self) -> None:
        # Copied now, because the feed brings more while SQL is asked.
        began_at, taken = monotonic(), self._places.taken
        ends = await self._database.read(log_ends)
        if any(pos > ends[partition] for partition, pos in taken.items()):
            raise Rewound
        self._turns.mixed = self._turns.mixed or await self._database.read(any_ingested)
        for progress in self._places:
            if progress.lacks_some(ends[progress.partition]):
                await self._catch_up(progress)
            else:
                progress.behind = False
            progress.looked(began_at)
        await self._retries.take_up()
        self._measure(ends)

    @override
    async def assigned(self, leases: Sequence[Lease]) -> None:
        await self._places.find(leases)
        for lease in leases:
            lease.open()
        self.loop.wake()

    @override
    async def revoked(self, leases: Sequence[Lease]) -> None:
        await self._places.write_down(leases)

    @property
    def partitions(self) -> list[int]:
        """The partitions in which this process works."""
        return self.assignment.partitions

    def submit(self, partition: int, lane: str, job: Job) -> bool:
        """Queue ``job`` in ``lane``, after all events that are taken on.

        False if it cannot be done here, or not now.
        """
        place = self._places.get(partition)
        if (
            place is None
            or place.behind
            or self._stopping
            or self._breaker.is_open
            or self._is_full()
        ):
            return False
        self._lanes.submit(lane, lambda: job(place.lease))
        return True

    async def stop(self, seconds: float) -> None:
        """Take nothing more on, finish what runs, release the partitions; others do the rest."""
        self._stopping = True
        self.assignment.take_no_more()
        await self.loop.finish(seconds)
        if not await self._lanes.drain(seconds):
            log.warning("events.left_for_next_start", group=self.name, events=self._lanes.waiting)
            await self._forget_what_waits()
        await self.assignment.leave(seconds)
        self._places.set_no_more_marks()

    def _took_next(self, progress: Progress, entry: Entry) -> bool:
        """Take on the next event; False: it has to be read from the log."""
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
        """Read the log until there is no more, or no more room."""
        progress.behind = progress.more = True
        while progress.more and self._reads_on(progress) and progress.lease.is_open:
            progress.more = False
            entries, more = await read_on(self._database, progress)
            await audit_gaps(self._commits, progress.partition, progress.taken, entries)
            handled = await self._handled_among(progress, entries)
            for entry in entries:
                self._take_entry(progress, entry, handled)
            progress.more = progress.more or more
        progress.behind = progress.more
        self._places.mark_soon()

    def _reads_on(self, progress: Progress) -> bool:
        # A full group reads on if its oldest event may wait for unread ones: it would never have
        # room otherwise.
        return not self._is_full() or (self._turns.mixed and progress.is_cut_short)

    async def _handled_among(self, progress: Progress, entries: Sequence[Entry]) -> Handled:
        """Consumers and events with a receipt: those are done, whatever a handler would do now."""
        old = [
            entry.read().event_id
            for entry in entries
            if entry.pos <= progress.handled_before and entry.event_type in self._by_type
        ]
        if not old:
            return frozenset()
        return await self._database.read(receipted(sorted(self._consumers), old))

    def _take_entry(self, progress: Progress, entry: Entry, handled: Handled) -> None:
        if entry.pos <= progress.taken or self._stopping:
            return
        if entry.event_type in self._by_type:
            self._take_on(progress, entry.pos, entry.read(), handled)
        else:
            progress.skip(entry.pos, entry.event_id)

    def _take_on(self, progress: Progress, pos: int, envelope: Envelope, handled: Handled) -> None:
        cases = [
            self._case(subscriber, envelope, progress)
            for subscriber in self._by_type[envelope.event_type]
            if not handled or (subscriber.name, envelope.event_id) not in handled
        ]
        if cases:
            is_ahead = progress.take(pos, envelope)
            self._turns.add(envelope, lambda: self._settle(progress, pos, cases), is_ahead)
            self._lanes.submit(envelope.lane, lambda: self._turns.take(envelope.lane))
        else:
            progress.skip(pos, envelope.event_id)

    def _case(self, subscriber: Subscriber[Any], envelope: Envelope, place: Progress) -> Case:
        failures = self._places.failures.pop((subscriber.name, envelope.event_id), 0)
        return Case(subscriber, self.name, place.partition, envelope, place.lease, failures)

    async def _settle(self, progress: Progress, pos: int, cases: Sequence[Case]) -> None:
        """Deliver an event to its subscribers. If the group stops or the lease is lost before that
        is done, the event stays unsettled for whoever takes it on next.
        """
        try:
            with progress.lease:
                for case in cases:
                    if self._breaker.is_open:
                        return
                    await self._delivery.deliver(case)
        except LeaseLost:
            return
        progress.finish(pos)
        self._places.mark_soon()
        if self._lanes.waiting == MOST_WAITING // 2:
            self.loop.wake()

    async def _is_on_again(self) -> bool:
        """Ask the switch. Raises StoreUnavailable; GroupStopped, after measuring the lag."""
        try:
            return await self._switch.is_on_again()
        except GroupStopped:
            self._measure(await self._database.read(log_ends))
            raise

    async def _begin_anew(self) -> None:
        """Start over from the positions in SQL. Raises StoreUnavailable."""
        if not await self._lanes.drain(FINISH_WORK):
            await self._forget_what_waits()
        await self._places.begin_anew()
        self._switch.reset()

    async def _forget_what_waits(self) -> None:
        """Drop everything that is in a lane, also what has not had its turn."""
        await self._lanes.cancel()
        self._turns.clear()
        self._retries.forget()
        for listener in self.on_forgotten:
            listener()

    def _is_full(self) -> bool:
        return self._lanes.waiting >= MOST_WAITING

    def _measure(self, ends: dict[int, int]) -> None:
        now = utc_now()
        ages = [(now - share.oldest).total_seconds() for share in self._places if share.oldest]
        EVENTS_IN_FLIGHT.labels(self.name).set(self._lanes.waiting)
        # Since the ends were read, the feed may have brought events that are settled by now.
        lags = [max(ends[share.partition], share.taken) - share.settled for share in self._places]
        GROUP_LAG.labels(self.name).set(sum(lags))
        GROUP_LAG_AGE.labels(self.name).set(max(ages, default=0.0))
