"""Takes in other services' events from all sources, in the right order, each once.

A store that is away holds up only its own events: those posted by the API need no Redis.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from sqlalchemy.exc import DataError, IntegrityError
from typing_extensions import override

from yabot.bus.inbound.buffer import MOST_BUFFERED, Buffer
from yabot.bus.inbound.ingestion import CONSUMER, Ingestion
from yabot.bus.inbound.lateness import Lateness
from yabot.bus.inbound.ordering import Arrival
from yabot.bus.inbound.posted import PostedEvents
from yabot.bus.inbound.reading import read_event
from yabot.bus.inbound.refusals import Refusals, refused_by_sql
from yabot.bus.inbound.retries import retry_wanted
from yabot.bus.inbound.sources import READ_AT_ONCE, Entry, Source
from yabot.bus.inbound.stream import InboundStream
from yabot.bus.inbound.window import WINDOW
from yabot.errors import InvalidInput, LeaseLost, StoreUnavailable
from yabot.log.assignment import Assignee, Assignment
from yabot.log.commit_log import CommitLog
from yabot.log.lease import Lease
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND_BUFFERED
from yabot.runtime.backoff import backoff
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# Seconds between two looks for events that an operator wants tried again or that wait aside.
LOOK_EVERY = 2.0
# Seconds for which an empty stream is watched at a time; a stop may have to wait as long.
WATCH = 0.25
# Seconds, at most, between two rounds while a store is away: events in others do not wait longer.
LONGEST_PAUSE = 0.5
# There is one order, so one process works at a time: the owner of this partition.
ONLY = 0


class Sequencer(Assignee):
    """One of all instances does the work; the others stand by."""

    def __init__(
        self,
        assignment: Assignment,
        sources: Sequence[Source],
        buffer: Buffer,
        ingestion: Ingestion,
        refusals: Refusals,
        lateness: Lateness,
    ) -> None:
        """``sources`` that wait for new events come last."""
        self.assignment = assignment
        assignment.assignee = self
        self._sources = {source.place: source for source in sources}
        self._buffer = buffer
        self._ingestion = ingestion
        self._catalog = ingestion.commits.catalog
        self.refusals = refusals
        self.lateness = lateness
        # The newest lease, and the one under which the buffered events were read.
        self._lease: Lease | None = None
        self._begun: Lease | None = None
        self._looked_at = float("-inf")
        self._stopping = False
        self.loop = WakingLoop("inbound", self.run_once, LOOK_EVERY)
        self.loop.pauses = lambda: backoff(most=LONGEST_PAUSE)

    def start(self) -> None:
        self.assignment.start()
        self.loop.start()

    async def run_once(self) -> None:
        """Raises StoreUnavailable, GuardFailed: uncommitted events are still in their sources."""
        self.lateness.look()
        lease = self._lease
        if self._stopping or lease is None or not lease.is_open:
            return
        if lease is not self._begun:
            self._begin_anew(lease)
        try:
            with lease:
                await self._work(lease)
            self.loop.wake()
        except LeaseLost as error:
            log.info("inbound.left", reason=str(error))

    @override
    async def assigned(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            if lease.partition == ONLY:
                self._lease = lease
                lease.open()
                self.loop.wake()

    async def stop(self, seconds: float) -> None:
        """Buffered events are still in their sources: the next owner takes them in."""
        self._stopping = True
        await self.loop.finish(seconds)
        await self.assignment.leave(seconds)

    def _begin_anew(self, lease: Lease) -> None:
        self._begun = lease
        self._buffer.clear()
        for source in self._sources.values():
            source.begin_anew()
        self.refusals.begin_anew()

    async def _work(self, lease: Lease) -> None:
        outages = _Outages()
        with outages.outlasted():
            await self._remove_done()
        with outages.outlasted():
            await self._look(lease)
        for source in self._sources.values():
            # Nothing is buffered, and nothing done is left there: all that it holds is to be read.
            if not self._buffer and not source.lags:
                source.begin_anew()
        await self._fill(lease, outages)
        for arrival in self._buffer.due(monotonic()):
            lease.require()
            await self._take_in(arrival, lease)
            self._buffer.remove(arrival)
        with outages.outlasted():
            await self.refusals.set_aside(lease.checks)
        with outages.outlasted():
            await self._remove_done()
        INBOUND_BUFFERED.set(len(self._buffer))
        outages.tell()

    async def _look(self, lease: Lease) -> None:
        if monotonic() - self._looked_at >= LOOK_EVERY:
            await retry_wanted(self._ingestion, lease.checks)
            await self.refusals.take_up(lease.checks)
            self._looked_at = monotonic()

    async def _fill(self, lease: Lease, outages: "_Outages") -> None:
        """Fill the buffer in rounds over the sources: a flood in one leaves the others their
        turns. Refused entries take no room, so a round also has a limit: buffered events have to
        have their turn, too.
        """
        patience = self._buffer.patience(monotonic())
        seconds = WATCH if patience is None else min(patience, WATCH)
        sources, looked_at = list(self._sources.values()), 0
        while sources and looked_at < MOST_BUFFERED and not self._buffer.is_full:
            with_more: list[Source] = []
            for source in sources:
                with outages.outlasted():
                    # Do not wait for new events while there is something to do.
                    taken = await self._take_some(source, 0.0 if with_more else seconds, lease)
                    looked_at += taken
                    # A full portion: there may be more.
                    if taken == READ_AT_ONCE:
                        with_more.append(source)
            sources, seconds = with_more, 0.0

    async def _take_some(self, source: Source, seconds: float, lease: Lease) -> int:
        """Read once from ``source``; returns how many entries, at most READ_AT_ONCE."""
        entries = await source.read(seconds)
        for entry in entries:
            await self._take_on(entry, lease)
            source.given(entry)
        await self.refusals.set_aside(lease.checks)
        return len(entries)

    async def _take_on(self, entry: Entry, lease: Lease) -> None:
        if self._sources[entry.place].is_done(entry) or self.refusals.is_to_set_aside(entry):
            return
        try:
            envelope = read_event(entry, self._catalog)
        except InvalidInput as error:
            await self._refuse(entry, error, lease)
        else:
            self._buffer.add(Arrival(entry, envelope, monotonic()))

    async def _take_in(self, arrival: Arrival, lease: Lease) -> None:
        try:
            await self._ingestion.take_in(arrival.envelope, lease.checks)
        except (DataError, IntegrityError) as error:
            await self._refuse(arrival.entry, refused_by_sql(error), lease)
        else:
            self._sources[arrival.entry.place].done(arrival.entry)

    async def _refuse(self, entry: Entry, error: InvalidInput, lease: Lease) -> None:
        if await self.refusals.refuse(entry, error, lease.checks):
            self._sources[entry.place].done(entry)

    async def _remove_done(self) -> None:
        removed = [await source.remove_done() for source in self._sources.values()]
        if any(removed):
            log.debug("inbound.removed", entries=sum(removed))


class _Outages:
    """Lets the rest of a round go on while a store is away."""

    def __init__(self) -> None:
        self._first: StoreUnavailable | None = None

    @contextmanager
    def outlasted(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable as error:
            self._first = self._first or error

    def tell(self) -> None:
        """Raises StoreUnavailable if there was one."""
        if self._first is not None:
            raise self._first


def build_sequencer(
    stream: InboundStream, commits: CommitLog, leases: Leases, *, window: float = WINDOW
) -> Sequencer:
    """``window`` is how long each event waits for what comes before it, in seconds."""
    lateness = Lateness()
    ingestion = Ingestion(commits, lateness.note)
    return Sequencer(
        Assignment(CONSUMER, commits.partitions, leases, every=LOOK_EVERY),
        [PostedEvents(commits.database), stream],
        Buffer(window, commits.catalog.before),
        ingestion,
        Refusals(ingestion, stream),
        lateness,
    )
