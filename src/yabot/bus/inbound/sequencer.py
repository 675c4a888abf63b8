"""Takes in what other services write to ``yabot:inbound``, in the right order, each event once.

Killed at any moment, it loses and doubles nothing: an entry is removed from the stream behind its
commit, and whoever begins anew begins with all that is there.
"""

from collections.abc import Sequence
from time import monotonic

from sqlalchemy.exc import DataError, IntegrityError
from typing_extensions import override

from yabot.bus.inbound.buffer import Buffer
from yabot.bus.inbound.ingestion import CONSUMER, Ingestion
from yabot.bus.inbound.lateness import Lateness
from yabot.bus.inbound.ordering import Arrival
from yabot.bus.inbound.reading import read_event
from yabot.bus.inbound.refusals import Refusals, refused_by_sql
from yabot.bus.inbound.retries import retry_wanted
from yabot.bus.inbound.stream import READ_AT_ONCE, START, Entry, InboundStream
from yabot.bus.inbound.window import WINDOW
from yabot.errors import InvalidInput, LeaseLost
from yabot.log.assignment import Assignee, Assignment
from yabot.log.commit_log import CommitLog
from yabot.log.lease import Lease
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND_BUFFERED
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# Seconds between two looks for what an operator wants tried again, and what waits aside.
LOOK_EVERY = 2.0
# Seconds for which an empty stream is watched at a time; a stop may have to wait as long.
WATCH = 0.25
# The stream is one, and so is whoever works at it: the holder of this partition.
ONLY = 0


class Sequencer(Assignee):
    """One of all instances does the work; the others stand by."""

    def __init__(
        self,
        assignment: Assignment,
        stream: InboundStream,
        buffer: Buffer,
        ingestion: Ingestion,
        refusals: Refusals,
        lateness: Lateness,
    ) -> None:
        self.assignment = assignment
        assignment.assignee = self
        self._stream = stream
        self._buffer = buffer
        self._ingestion = ingestion
        self._catalog = ingestion.commits.catalog
        self.refusals = refusals
        self.lateness = lateness
        self._read_to = START
        # Dealt with and committed, but still in the stream.
        self._done: list[str] = []
        # The newest, and the one of which all of the above is.
        self._lease: Lease | None = None
        self._begun: Lease | None = None
        self._looked_at = float("-inf")
        self._stopping = False
        self.loop = WakingLoop("inbound", self.run_once, LOOK_EVERY)

    def start(self) -> None:
        self.assignment.start()
        self.loop.start()

    async def run_once(self) -> None:
        """Raises StoreUnavailable, GuardFailed: what was not committed is still in the stream."""
        self.lateness.look()
        lease = self._lease
        if self._stopping or lease is None or not lease.is_open:
            return
        if lease is not self._begun:
            self._begin_anew(lease)
        try:
            with lease:
                await self._look(lease)
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
        """What is still buffered is in the stream: whoever is next takes it in."""
        self._stopping = True
        await self.loop.finish(seconds)
        await self.assignment.leave(seconds)

    def _begin_anew(self, lease: Lease) -> None:
        """Whatever stands in the stream is still to be taken in."""
        self._begun = lease
        self._buffer.clear()
        self._done.clear()
        self.refusals.begin_anew()
        self._read_to = START

    async def _look(self, lease: Lease) -> None:
        if monotonic() - self._looked_at >= LOOK_EVERY:
            await retry_wanted(self._ingestion, lease.checks)
            await self.refusals.take_up(lease.checks)
            self._looked_at = monotonic()

    async def _work(self, lease: Lease) -> None:
        await self._remove_done()
        await self._fill(lease)
        for arrival in self._buffer.due(monotonic()):
            lease.require()
            if await self._take_in(arrival, lease):
                self._done.append(arrival.entry_id)
            self._buffer.remove(arrival)
        await self.refusals.set_aside(lease.checks)
        await self._remove_done()
        INBOUND_BUFFERED.set(len(self._buffer))

    async def _fill(self, lease: Lease) -> None:
        """With all that is there, as far as there is room."""
        if not self._buffer:
            # Whatever stands in the stream is still to be taken in, also what Redis has brought
            # back after a crash.
            self._read_to = START
        patience = self._buffer.patience(monotonic())
        seconds = WATCH if patience is None else min(patience, WATCH)
        while not self._buffer.is_full:
            entries = await self._stream.read(self._read_to, seconds)
            for entry in entries:
                await self._take_on(entry, lease)
                self._read_to = entry.id
            await self.refusals.set_aside(lease.checks)
            if len(entries) < READ_AT_ONCE:
                return
            seconds = 0.0

    async def _take_on(self, entry: Entry, lease: Lease) -> None:
        try:
            envelope = read_event(entry, self._catalog)
        except InvalidInput as error:
            if await self.refusals.refuse(entry, error, lease.checks):
                self._done.append(entry.id)
        else:
            self._buffer.add(Arrival(entry.id, envelope, monotonic()))

    async def _take_in(self, arrival: Arrival, lease: Lease) -> bool:
        """Whether the entry is dealt with: one that SQL refuses may have to wait aside."""
        try:
            await self._ingestion.take_in(arrival.envelope, lease.checks)
        except (DataError, IntegrityError) as error:
            entry = Entry(arrival.entry_id, arrival.envelope.to_json().encode())
            return await self.refusals.refuse(entry, refused_by_sql(error), lease.checks)
        return True

    async def _remove_done(self) -> None:
        if self._done:
            await self._stream.remove(self._done)
            log.debug("inbound.removed", entries=len(self._done))
            self._done.clear()


def build_sequencer(
    stream: InboundStream, commits: CommitLog, leases: Leases, *, window: float = WINDOW
) -> Sequencer:
    """``window`` is how long each event waits for what comes before it, in seconds."""
    lateness = Lateness()
    ingestion = Ingestion(commits, lateness.note)
    return Sequencer(
        Assignment(CONSUMER, commits.partitions, leases, every=LOOK_EVERY),
        stream,
        Buffer(window, commits.catalog.before),
        ingestion,
        Refusals(ingestion, stream),
        lateness,
    )
