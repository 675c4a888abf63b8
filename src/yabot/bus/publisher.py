"""Sends one partition's events to its stream, from wherever the stream stands.

An event gets its position with its commit, so that it is always sent with the same one; an entry's
id is its position, so that Redis itself refuses what it already has.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

from yabot.bus import outbox
from yabot.bus.marks import MARK_AFTER, Marks
from yabot.bus.outbox import Mark
from yabot.bus.streams import Appended, Streams, stream_name
from yabot.errors import StoreUnavailable, YabotError
from yabot.events.envelope import id_in
from yabot.events.partition import Entry
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PUBLISH_FAILURES, PUBLISHED
from yabot.runtime.backoff import backoff
from yabot.runtime.portions import portions
from yabot.storage.relational.database import Database

log = get_logger(__name__)

TRIES = 3
# Seconds between the first two; each pause is twice as long as the one before.
FIRST_PAUSE = 0.05
NOT_OURS = (
    "this Redis belongs to another database, the database was restored from a backup, or somebody"
    " else has written to the stream; point REDIS_URL at the right one, or delete the yabot:events"
    " keys"
)


class StreamAhead(YabotError):
    """Redis holds events that the log does not know: it is not this log's Redis."""

    code = "stream_ahead"


class Publisher:
    """Every method raises StoreUnavailable, StreamAhead; nothing is lost by it."""

    def __init__(
        self,
        database: Database,
        streams: Streams,
        on_lost: Callable[[], None],
        *,
        first_pause: float = FIRST_PAUSE,
        mark_after: float = MARK_AFTER,
    ) -> None:
        """``on_lost`` is called when a stream turns out to have lost entries."""
        self._database = database
        self._streams = streams
        self._on_lost = on_lost
        self._first_pause = first_pause
        # By partition, the position of a stream that lacks only events that the log has removed.
        self._lacking: dict[int, int] = {}
        self.marks = Marks(database, mark_after)

    async def deliver(self, partition: int, entries: list[Entry]) -> None:
        """Send ``entries``, given in any order, and the events missing between them."""
        entries.sort(key=lambda entry: entry.pos)
        before, last = entries[0].pos - 1, entries[-1].pos
        if last - before != len(entries):
            # What lies between was committed by another process.
            await self.send_from(partition, before)
            return
        for chunk in portions(entries, outbox.READ_AT_ONCE):
            pos = await self._append(partition, chunk[0].pos - 1, chunk)
            if pos != chunk[-1].pos:
                # The stream has some of these already, or lacks earlier ones that another process
                # committed, or has lost entries at a failover.
                await self.realign(partition, pos, self.marks.reached(partition))
                return
            PUBLISHED.inc(len(chunk))
        self.marks.set(Mark(partition, last, entries[-1].event_id))
        log.debug("events.published", partition=partition, pos=last)

    async def realign(self, partition: int, pos: int, known: int) -> None:
        """Go on from ``pos``, where the stream stands, although it was last ``known`` elsewhere.

        A loss that the log cannot make good any more is reported only once.
        """
        lost = pos < known and self._lacking.get(partition) != pos
        note = log.warning if lost else log.debug
        note("stream.realigned", partition=partition, stands_at=pos)
        if lost:
            self._on_lost()
        if not await self.send_from(partition, pos) and pos < known:
            self._lacking[partition] = pos
        else:
            self._lacking.pop(partition, None)

    async def require_ours(self, partition: int, pos: int) -> None:
        """Raises StreamAhead if the stream has another event at ``pos`` than the log: one of
        another database, or of a history that a restore has ended.
        """
        if pos == 0:
            return
        logged = await self._database.read(outbox.envelope_at(partition, pos))
        if logged is None:
            return
        published = await self._streams.envelope_at(partition, pos)
        if published is not None and id_in(published) != id_in(logged):
            raise StreamAhead(
                f"the stream {stream_name(partition)} has another event at {pos} than the log: "
                f"{NOT_OURS}"
            )

    async def send_from(self, partition: int, pos: int) -> bool:
        """Send all events committed after ``pos``, or after where the stream really stands.

        Returns whether the stream moved on.
        """
        began_at, event_id = pos, None
        while entries := await self._database.read(outbox.entries_after(partition, pos)):
            pos = await self._append(partition, pos, entries)
            event_id = entries[-1].event_id if entries[-1].pos == pos else None
            PUBLISHED.inc(len(entries))
        last = await self._database.read(outbox.last_position(partition))
        if pos > last:
            raise StreamAhead(
                f"the stream {stream_name(partition)} is at {pos}, but the log is at {last}: "
                f"{NOT_OURS}"
            )
        self.marks.set(Mark(partition, pos, event_id))
        return pos != began_at

    async def _append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> int:
        """Returns where the stream stands then. Raises StreamAhead, StoreUnavailable."""
        appended = await self._try_thrice(partition, stands_at, entries)
        if not appended.added:
            await self.require_ours(partition, appended.last)
        return appended.last

    async def _try_thrice(
        self, partition: int, stands_at: int, entries: Sequence[Entry]
    ) -> Appended:
        for attempt, pause in zip(range(1, TRIES), backoff(first=self._first_pause), strict=False):
            with suppress(StoreUnavailable):
                return await self._try(partition, stands_at, entries, attempt)
            await asyncio.sleep(pause)
        return await self._try(partition, stands_at, entries, TRIES)

    async def _try(
        self, partition: int, stands_at: int, entries: Sequence[Entry], attempt: int
    ) -> Appended:
        """Append once; count and log a failure, whatever the caller does about it."""
        try:
            return await self._streams.append(partition, stands_at, entries)
        except StoreUnavailable as error:
            PUBLISH_FAILURES.inc()
            log.warning("publish.failed", partition=partition, attempt=attempt, reason=str(error))
            raise
