"""Live views on the bus: Pub/Sub, where missing an event is no harm."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import TimeoutError as RedisTimeoutError

from yabot.bus.connection import store_errors

# Seconds of silence before a server is asked whether it is still there, and then to answer.
SILENCE = 1.0


async def observe(redis: Redis, event_types: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
    """Envelopes of these types as they are published. Raises StoreUnavailable."""
    with store_errors():
        async with redis.pubsub() as channel:
            await channel.subscribe(*event_types)
            while True:
                message = await _heard(channel)
                if message["type"] == "message":
                    yield json.loads(message["data"])


async def _heard(channel: PubSub) -> dict[str, Any]:
    """A primary that was stopped says nothing, and its place may have been taken since."""
    message = await channel.get_message(timeout=SILENCE)
    if message is None:
        await channel.ping()
        message = await channel.get_message(timeout=SILENCE)
    if message is None:
        raise RedisTimeoutError("nothing is heard from it any more")
    return dict(message)
