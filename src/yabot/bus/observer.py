"""Live views on the bus: Pub/Sub, where missing an event is no harm."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis

from yabot.bus.connection import store_errors


async def observe(redis: Redis, event_types: Iterable[str]) -> AsyncIterator[dict[str, Any]]:
    """Envelopes of these types as they are published. Raises StoreUnavailable."""
    with store_errors():
        async with redis.pubsub(ignore_subscribe_messages=True) as channel:
            await channel.subscribe(*event_types)
            async with aclosing(channel.listen()) as messages:
                async for message in messages:
                    yield json.loads(message["data"])
