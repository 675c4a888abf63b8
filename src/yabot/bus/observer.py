"""Follows the bus live by Pub/Sub, for views that may miss an event."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from yabot.bus.connection import store_errors
from yabot.errors import StoreUnavailable
from yabot.events.envelope import Envelope
from yabot.runtime.backoff import backoff

# Seconds of silence before a server is pinged, and seconds that it then has to answer.
SILENCE = 1.0
# The longest pause, in seconds, between two tries to reach a Redis that is away.
LONGEST_PAUSE = 2.0

Message = dict[str, Any]


async def observe(redis: Redis, event_types: Iterable[str]) -> AsyncIterator[Message]:
    """Envelopes of these types as they are published. Raises StoreUnavailable."""
    async with aclosing(_messages(redis, event_types)) as messages:
        async for message in messages:
            if (envelope := _envelope_in(message)) is not None:
                yield envelope


async def keep_observing(
    redis: Redis,
    event_types: Iterable[str],
    on_trouble: Callable[[str | None], None],
    on_listening: Callable[[], None] = lambda: None,
) -> AsyncIterator[Message]:
    """As ``observe``, but without end: events published while Redis is away are missed.

    ``on_trouble`` gets the reason once when nothing is heard, and None when it listens again.
    ``on_listening`` is called when it listens at the first try.
    """
    types, away, pauses = [*event_types], False, backoff(most=LONGEST_PAUSE)
    begun = False
    while True:
        try:
            async with aclosing(_messages(redis, types)) as messages:
                async for message in messages:
                    if not begun and not away:
                        on_listening()
                    begun = True
                    if away:
                        on_trouble(None)
                        away, pauses = False, backoff(most=LONGEST_PAUSE)
                    if (envelope := _envelope_in(message)) is not None:
                        yield envelope
        except StoreUnavailable as error:
            if not away:
                on_trouble(error.reason)
            away = True
        await asyncio.sleep(next(pauses))


def _envelope_in(message: Message) -> Message | None:
    """None for Redis' own messages, and for what is no envelope: anybody may publish anything."""
    if message["type"] != "message":
        return None
    try:
        Envelope.model_validate_json(message["data"])
        return dict(json.loads(message["data"]))
    except ValueError:
        return None


async def _messages(redis: Redis, channels: Iterable[str]) -> AsyncGenerator[Message, None]:
    """All messages of Redis, beginning with its confirmation of the subscription."""
    with store_errors():
        async with redis.pubsub() as channel:
            await channel.subscribe(*channels)
            while True:
                yield await _heard(channel)


async def _heard(channel: PubSub) -> Message:
    """The next message. After a silence it pings: a stopped primary, which may have been replaced
    since, says nothing.
    """
    message = await channel.get_message(timeout=SILENCE)
    if message is None:
        await channel.ping()
        message = await channel.get_message(timeout=SILENCE)
    if message is None:
        raise StoreUnavailable("Redis", "nothing is heard from it any more")
    return dict(message)
