"""Carries the bot's live events to the open pages for as long as the playground runs."""

import asyncio

from yabot.error_text import error_text
from yabot.observability.logging import get_logger
from yabot.playground.feed import Feed
from yabot.playground.inspector import Inspector
from yabot.playground.store.database import Change
from yabot.runtime.ending import end

log = get_logger(__name__)

PAUSE_S = 1.0


class Observer:
    def __init__(self, inspector: Inspector, feed: Feed) -> None:
        self._inspector = inspector
        self._feed = feed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._observe(), name="playground-observer")

    async def stop(self) -> None:
        if self._task is not None:
            await end([self._task])

    async def _observe(self) -> None:
        while True:
            try:
                await self._follow()
            except Exception as error:  # noqa: BLE001 whatever ails the bot, the chat goes on
                log.warning("playground.events.interrupted", error=error_text(error))
            await asyncio.sleep(PAUSE_S)
            # What happened in the pause was not seen: pages ask for the recent events again.
            self._feed.publish(Change("events_missed", {}))

    async def _follow(self) -> None:
        async for envelope in self._inspector.live_events():
            self._feed.publish(Change("event", envelope))
