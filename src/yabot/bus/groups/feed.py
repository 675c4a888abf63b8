"""The fast path: reads events from Redis, moments after their commit.

It begins at the streams' ends and guarantees nothing: a listener compares positions, and reads the
log when one is missing.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from time import monotonic

from yabot.bus.streams import Streams
from yabot.errors import YabotError
from yabot.events.envelope import type_in
from yabot.events.partition import Entry
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end

log = get_logger(__name__)

# Seconds between two checks whether a stream was deleted and begun anew.
LOOK_EVERY = 5.0

# Takes a partition, and its newest events, of which only the type is parsed: most of them concern
# no subscriber here.
Listener = Callable[[int, Sequence[Entry]], None]


class Feed:
    """Calls its listeners from the event loop: they note what came, and never wait."""

    def __init__(
        self, streams: Streams, partitions: int, *, look_every: float = LOOK_EVERY
    ) -> None:
        self._streams = streams
        self._partitions = partitions
        self._look_every = look_every
        self.listeners: list[Listener] = []
        # The partitions that are being followed.
        self._followed: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for partitions in self._streams.read_together(range(self._partitions)):
            name = f"feed of {partitions}"
            self._tasks.append(asyncio.create_task(self._follow(partitions), name=name))

    async def stop(self) -> None:
        await end(self._tasks)

    def follows(self, partition: int) -> bool:
        """Whether events published in the partition are handed on as they come."""
        return partition in self._followed

    async def _follow(self, partitions: Sequence[int]) -> None:
        """Follow the partitions for ever; while Redis is away, the listeners read the log."""
        pauses = backoff()
        while True:
            try:
                positions = await self._ends(partitions)
                self._followed.update(partitions)
                looked_at = monotonic()
                while True:
                    await self._hand_on(positions)
                    pauses = backoff()
                    if monotonic() - looked_at >= self._look_every:
                        await self._go_back(positions)
                        looked_at = monotonic()
            except YabotError as error:
                log.info("feed.interrupted", reason=str(error))
            except Exception:
                log.exception("feed.failed")
            self._followed.difference_update(partitions)
            await asyncio.sleep(next(pauses))

    async def _ends(self, partitions: Iterable[int]) -> dict[int, int]:
        return {n: await self._streams.position(n) for n in partitions}

    async def _go_back(self, positions: dict[int, int]) -> None:
        """Go back to the end of each stream that ends before what was read: it was deleted and
        begun anew. What stood in it before may have been a stranger's, at a far higher position.
        """
        for partition, stands_at in (await self._ends(positions)).items():
            positions[partition] = min(positions[partition], stands_at)

    async def _hand_on(self, positions: dict[int, int]) -> None:
        for partition, entries in (await self._streams.read(positions)).items():
            positions[partition] = entries[-1][0]
            events = _readable(partition, entries)
            for listener in self.listeners:
                listener(partition, events)
            # Let events be handled before the next ones come: otherwise even quick handlers would
            # seem to be overwhelmed.
            await asyncio.sleep(0)


def _readable(partition: int, entries: Sequence[tuple[int, str]]) -> list[Entry]:
    """The entries that are events; at the gaps, the listeners read the log."""
    events = []
    for pos, envelope in entries:
        event_type = type_in(envelope)
        if event_type is None:
            log.warning("feed.unreadable", partition=partition, pos=pos)
        else:
            events.append(Entry(partition, pos, event_type, envelope))
    return events
