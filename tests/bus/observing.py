"""What an observer of events hears first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from tests.waiting import PATIENCE, until
from yabot.bus.observer import observe


@asynccontextmanager
async def first_heard(redis: Redis, event_type: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Subscribed from the beginning; at the end the list has the first that was heard since."""
    watching = observe(redis, [event_type])
    first = asyncio.ensure_future(anext(watching))

    async def is_subscribed() -> bool:
        return dict(await redis.pubsub_numsub(event_type))[event_type] == 1

    await until(is_subscribed)
    heard: list[dict[str, Any]] = []
    yield heard
    async with asyncio.timeout(PATIENCE):
        heard.append(await first)
    await watching.aclose()  # type: ignore[attr-defined]
