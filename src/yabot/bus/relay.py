"""Brings committed events from the outbox to Redis: each once, in the order of its partition.

A position is committed before anything is sent, so that whoever sends again sends the same;
an entry's id is its position, so that Redis itself refuses what it already has.
"""

import asyncio
from collections.abc import Sequence
from time import monotonic

from yabot.bus import outbox
from yabot.bus.streams import Entry, Streams, stream_name
from yabot.errors import StoreUnavailable, YabotError
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PUBLISH_FAILURES, PUBLISHED
from yabot.runtime.backoff import backoff
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.database import Database

log = get_logger(__name__)

TRIES = 3
SWEEP_SECONDS = 5.0


class StreamAhead(YabotError):
    """Redis holds events that the log does not know: it is not this log's Redis."""

    code = "stream_ahead"


class Relay:
    def __init__(
        self, database: Database, streams: Streams, *, sweep_seconds: float = SWEEP_SECONDS
    ) -> None:
        self._database = database
        self._streams = streams
        # What an earlier process, or a failed batch, has placed but perhaps not sent goes first.
        self._behind = True
        self._sweep_seconds = sweep_seconds
        self._looked_at = 0.0
        self.loop = WakingLoop("relay", self.run_once, sweep_seconds)

    def notice(self, committed: Committed) -> None:
        if committed.events:
            self.loop.wake()

    async def run_once(self) -> None:
        """Publish all that is committed. Raises StoreUnavailable, StreamAhead; nothing is lost."""
        if self._behind or monotonic() - self._looked_at >= self._sweep_seconds:
            self._behind = True
            await self._catch_up()
            self._behind = False
        while await self._publish_batch() == outbox.PLACED_AT_ONCE:
            pass  # whatever is committed behind a batch that was not full wakes the loop again

    async def _publish_batch(self) -> int:
        """How many events the batch held."""
        placed = await self._database.write(outbox.place)
        try:
            await asyncio.gather(*(self._deliver(n, rows) for n, rows in placed.items()))
        except Exception:
            self._behind = True
            raise
        return sum(map(len, placed.values()))

    async def _catch_up(self) -> None:
        """Hold every stream against the log: it may lack what another relay placed, or what Redis
        has lost without anybody's noticing.
        """
        self._looked_at = monotonic()
        for partition, published in (await self._database.read(outbox.published)).items():
            stands_at = await self._streams.position(partition)
            if stands_at < published:
                log.warning("stream.realigned", partition=partition, stands_at=stands_at)
            await self._send_from(partition, stands_at)

    async def _deliver(self, partition: int, entries: Sequence[Entry]) -> None:
        pos = await self._append(partition, entries[0].pos - 1, entries)
        if pos == entries[-1].pos:
            self._mark(partition, pos)
            PUBLISHED.inc(len(entries))
            log.debug("events.published", partition=partition, pos=pos)
        else:
            # It lost entries at a failover, or has these already.
            log.warning("stream.realigned", partition=partition, stands_at=pos)
            await self._send_from(partition, pos)

    async def _send_from(self, partition: int, pos: int) -> None:
        """Send all that is placed behind ``pos``, or behind wherever the stream really stands."""
        while entries := await self._database.read(outbox.placed_after(partition, pos)):
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
        self._database.write_later(outbox.mark_published(partition, pos))
