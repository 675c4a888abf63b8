"""All groups of subscribers of one process, and the feed that brings them their events."""

import asyncio
from collections.abc import Sequence

from yabot.bus.groups.feed import Feed
from yabot.bus.groups.group import SubscriberGroup

# Seconds that running handlers get when the program stops.
FINISH_WORK = 1.5


class EventWorker:
    def __init__(
        self, feed: Feed, groups: Sequence[SubscriberGroup], finish_seconds: float = FINISH_WORK
    ) -> None:
        self.groups = groups
        self._finish_seconds = finish_seconds
        self._feed = feed
        for group in groups:
            group.listen_to(feed)

    def start(self) -> None:
        for group in self.groups:
            group.start()
        self._feed.start()

    async def stop(self) -> None:
        stopping = [group.stop(self._finish_seconds) for group in self.groups]
        await asyncio.gather(self._feed.stop(), *stopping)
