"""All groups of subscribers of one process, and the feed that brings them their events."""

import asyncio
from collections.abc import Sequence

from yabot.bus.groups.feed import Feed
from yabot.bus.groups.group import SubscriberGroup

# Seconds that running handlers get when the program stops.
FINISH_WORK = 1.5


class EventWorker:
    def __init__(self, feed: Feed, groups: Sequence[SubscriberGroup]) -> None:
        self.groups = groups
        self._feed = feed
        feed.listeners += [group.offer for group in groups]

    def start(self) -> None:
        for group in self.groups:
            group.loop.start()
        self._feed.start()

    async def stop(self) -> None:
        await asyncio.gather(self._feed.stop(), *(group.stop(FINISH_WORK) for group in self.groups))
