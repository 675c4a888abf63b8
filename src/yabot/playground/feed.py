"""News for open pages: everybody who listens gets every change, in the order of the commits."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from yabot.playground.store.database import Change

# A page that is further behind is cut off: it connects again and loads everything anew.
MOST_WAITING = 2000


class Subscription:
    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._closed = False

    def put(self, change: Change) -> None:
        if self._queue.qsize() >= MOST_WAITING:
            self.close()
        if not self._closed:
            self._queue.put_nowait(change)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Change]:
        while (change := await self._queue.get()) is not None:
            yield change


class Feed:
    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self._closed = False

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        subscription = Subscription()
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def __len__(self) -> int:
        """How many listen."""
        return len(self._subscriptions)

    def publish(self, change: Change) -> None:
        for subscription in self._subscriptions:
            subscription.put(change)

    def close(self) -> None:
        """Ends every stream, also those that begin later."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()
