"""Brings committed events from the log to Redis: each once, in the order of its partition.

An event has its position since its commit, so that whoever sends again sends the same; an entry's
id is its position, so that Redis itself refuses what it already has.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from time import monotonic

from yabot.bus import outbox
from yabot.bus.streams import Streams, stream_name
from yabot.errors import StoreUnavailable, YabotError
from yabot.events.partition import Entry
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PUBLISH_FAILURES, PUBLISHED
from yabot.runtime.backoff import backoff
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.database import Database

log = get_logger(__name__)

TRIES = 3
SWEEP_SECONDS = 5.0
# Marks only save a later look at Redis, and each is a transaction: many share one.
MARK_AFTER = 0.5

Batches = dict[int, list[Entry]]


class StreamAhead(YabotError):
    """Redis holds events that the log does not know: it is not this log's Redis."""

    code = "stream_ahead"


class Relay:
    def __init__(
        self, database: Database, streams: Streams, *, sweep_seconds: float = SWEEP_SECONDS
    ) -> None:
        self._database = database
        self._streams = streams
        # What this process has committed since the last batch.
        self._fresh: Batches = defaultdict(list)
        # There may be more: of an earlier process, of another one, of a batch that failed.
        self._behind = True
        self._sweep_seconds = sweep_seconds
        self._looked_at = 0.0
        # How far each stream has been seen to stand.
        self._reached: dict[int, int] = defaultdict(int)
        self._published: dict[int, int] = {}
        self._marking: asyncio.TimerHandle | None = None
        self.loop = WakingLoop("relay", self.run_once, sweep_seconds)
        self.loop.on_finished = self._write_marks

    def notice(self, committed: Committed) -> None:
        if not committed.events:
            return
        # While the relay is behind, it will find them in SQL: memory stays bounded.
        if not self._behind:
            for entry in committed.events:
                self._fresh[entry.partition].append(entry)
        self.loop.wake()

    def look_again(self) -> None:
        """There may be events that nobody has told of."""
        self._behind = True
        self.loop.wake()

    async def run_once(self) -> None:
        """Publish all that is committed. Raises StoreUnavailable, StreamAhead; nothing is lost."""
        due = monotonic() - self._looked_at >= self._sweep_seconds
        try:
            if self._behind or due:
                await self._catch_up()
            while self._fresh:
                batches, self._fresh = self._fresh, defaultdict(list)
                await asyncio.gather(*(self._deliver(n, rows) for n, rows in batches.items()))
        except BaseException:
            self._behind = True
            raise

    async def _catch_up(self) -> None:
        """Hold every stream against the log: it may lack what another relay has not sent, or what
        Redis has lost without anybody's noticing.
        """
        self._looked_at = monotonic()
        # From here on what is committed is noticed, and what was committed before is found.
        self._behind = False
        self._fresh.clear()
        for partition, published in (await self._database.read(outbox.published)).items():
            stands_at = await self._streams.position(partition)
            if stands_at < published:
                log.warning("stream.realigned", partition=partition, stands_at=stands_at)
            await self._send_from(partition, stands_at)

    async def _deliver(self, partition: int, entries: list[Entry]) -> None:
        entries.sort(key=lambda entry: entry.pos)
        before, last = entries[0].pos - 1, entries[-1].pos
        if last - before != len(entries):
            # What lies between was committed by another process.
            await self._send_from(partition, before)
            return
        for first in range(0, len(entries), outbox.READ_AT_ONCE):
            chunk = entries[first : first + outbox.READ_AT_ONCE]
            pos = await self._append(partition, chunk[0].pos - 1, chunk)
            if pos != chunk[-1].pos:
                # It has these already or not yet those before, both from another process; or it
                # has lost entries at a failover.
                realigned = log.warning if pos < self._reached[partition] else log.debug
                realigned("stream.realigned", partition=partition, stands_at=pos)
                await self._send_from(partition, pos)
                return
            PUBLISHED.inc(len(chunk))
        self._mark(partition, last)
        log.debug("events.published", partition=partition, pos=last)

    async def _send_from(self, partition: int, pos: int) -> None:
        """Send all that is committed behind ``pos``, or behind where the stream really stands."""
        while entries := await self._database.read(outbox.entries_after(partition, pos)):
            pos = await self._append(partition, pos, entries)
            PUBLISHED.inc(len(entries))
        last = await self._database.read(outbox.last_position(partition))
        if pos > last:
            raise StreamAhead(
                f"the stream {stream_name(partition)} is at {pos}, but the log is at {last}: this "
                "Redis belongs to another database, or the database was restored from a backup; "
                "point REDIS_URL at the right one, or delete the yabot:events keys"
            )
        self._mark(partition, pos)

    async def _append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> int:
        for attempt, pause in zip(range(1, TRIES), backoff(), strict=False):
            try:
                return await self._streams.append(partition, stands_at, entries)
            except StoreUnavailable as error:
                PUBLISH_FAILURES.inc()
                log.warning(
                    "publish.failed", partition=partition, attempt=attempt, reason=str(error)
                )
            await asyncio.sleep(pause)
        return await self._streams.append(partition, stands_at, entries)

    def _mark(self, partition: int, pos: int) -> None:
        self._reached[partition] = self._published[partition] = pos
        if self._marking is None:
            self._marking = asyncio.get_running_loop().call_later(MARK_AFTER, self._write_marks)

    def _write_marks(self) -> None:
        if self._marking is None:
            return
        self._marking.cancel()
        positions, self._published, self._marking = self._published, {}, None
        self._database.write_later(outbox.mark_published(positions))
