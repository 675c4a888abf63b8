"""Takes in what other services write to ``yabot:inbound``, in the right order, each event once.

Killed at any moment, it loses and doubles nothing: an entry is removed from the stream behind its
commit, and whoever begins anew begins with all that is there.
"""

import asyncio
from time import monotonic

from sqlalchemy.exc import DataError, IntegrityError

from yabot.bus.inbound.buffer import Buffer
from yabot.bus.inbound.ingestion import CONSUMER, Ingestion
from yabot.bus.inbound.lateness import Lateness
from yabot.bus.inbound.ordering import Arrival
from yabot.bus.inbound.reading import read_event
from yabot.bus.inbound.refusals import Refusals, refused_by_sql
from yabot.bus.inbound.retries import retry_wanted
from yabot.bus.inbound.stream import READ_AT_ONCE, START, Entry, InboundStream
from yabot.bus.inbound.window import WINDOW
from yabot.error_text import error_text
from yabot.errors import InvalidInput, LeaseLost, StoreUnavailable
from yabot.log.commit_log import CommitLog
from yabot.log.leases import RENEW_EVERY, Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND_BUFFERED
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Statement

log = get_logger(__name__)

# Seconds for which an empty stream is watched at a time; a stop may have to wait as long.
WATCH = 0.25
# The stream is one, and so is its owner: whoever has this partition.
ONLY = 0


class Sequencer:
    """One of all instances does the work; the others stand by."""

    def __init__(
        self,
        stream: InboundStream,
        commits: CommitLog,
        leases: Leases,
        *,
        window: float = WINDOW,
    ) -> None:
        self._stream = stream
        self._commits = commits
        self._leases = leases
        self._buffer = Buffer(window, commits.catalog.before)
        self.lateness = Lateness()
        self._ingestion = Ingestion(commits, self.lateness.note)
        self.refusals = Refusals(self._ingestion, stream)
        self._read_to = START
        # Dealt with and committed, but still in the stream.
        self._done: list[str] = []
        # Under which this process owns the stream; None while another does.
        self._token: int | None = None
        self._looked_at = float("-inf")
        self._stopping = False
        self.loop = WakingLoop("inbound", self.run_once, RENEW_EVERY)

    async def run_once(self) -> None:
        """Raises StoreUnavailable, GuardFailed: what was not committed is still in the stream."""
        if self._stopping:
            return
        try:
            await self._look_after_lease()
            if self._token is not None:
                await self._work()
                self.loop.wake()
        except LeaseLost:
            self._let_go()

    async def stop(self, seconds: float) -> None:
        """What is still buffered is in the stream: whoever is next takes it in."""
        self._stopping = True
        await self.loop.finish(seconds)
        try:
            async with asyncio.timeout(seconds):
                await self._leases.leave(CONSUMER)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("inbound.not_handed_over", reason=error_text(error))

    async def _look_after_lease(self) -> None:
        if monotonic() - self._looked_at < RENEW_EVERY:
            return
        holdings = await self._leases.refresh(CONSUMER)
        self._looked_at = monotonic()
        self.lateness.look()
        if ONLY in holdings.unwanted:
            await self._leases.release(CONSUMER, {ONLY: holdings.tokens[ONLY]})
            self._let_go()
        elif self._token != holdings.tokens.get(ONLY):
            self._let_go()
            self._token = holdings.tokens.get(ONLY)
            log.info("inbound.owned", owned=self._token is not None)
        if self._token is not None:
            await retry_wanted(self._ingestion, self._checks())
            await self.refusals.take_up(self._checks())

    def _let_go(self) -> None:
        self._token = None
        self._buffer.clear()
        self._done.clear()
        self.refusals.begin_anew()
        self._read_to = START

    async def _work(self) -> None:
        await self._remove_done()
        await self._fill()
        for arrival in self._buffer.due(monotonic()):
            if await self._take_in(arrival):
                self._done.append(arrival.entry_id)
            self._buffer.remove(arrival)
        await self.refusals.set_aside(self._checks())
        await self._remove_done()
        INBOUND_BUFFERED.set(len(self._buffer))

    async def _fill(self) -> None:
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
                await self._take_on(entry)
                self._read_to = entry.id
            await self.refusals.set_aside(self._checks())
            if len(entries) < READ_AT_ONCE:
                return
            seconds = 0.0

    async def _take_on(self, entry: Entry) -> None:
        try:
            envelope = read_event(entry, self._commits.catalog)
        except InvalidInput as error:
            if await self.refusals.refuse(entry, error, self._checks()):
                self._done.append(entry.id)
        else:
            self._buffer.add(Arrival(entry.id, envelope, monotonic()))

    async def _take_in(self, arrival: Arrival) -> bool:
        """Whether the entry is dealt with: one that SQL refuses may have to wait aside."""
        try:
            await self._ingestion.take_in(arrival.envelope, self._checks())
        except (DataError, IntegrityError) as error:
            entry = Entry(arrival.entry_id, arrival.envelope.to_json().encode())
            return await self.refusals.refuse(entry, refused_by_sql(error), self._checks())
        return True

    async def _remove_done(self) -> None:
        if self._done:
            await self._stream.remove(self._done)
            log.debug("inbound.removed", entries=len(self._done))
            self._done.clear()

    def _checks(self) -> list[Statement[None]]:
        assert self._token is not None, "only the owner works"
        check = self._leases.check(CONSUMER, ONLY, self._token)
        return [] if check is None else [check]
