"""A peer: FastStream consumes and acknowledges the same events, as its users write it.

Its subscriber with a consumer group and otherwise its defaults, which handles one event after
another and so keeps the order of one stream. With `max_workers` it was at best 1.3 times as fast
where the handler waits for SQL, slower where it does nothing, and no order was kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import perf_counter

from faststream.redis import RedisBroker, StreamSub
from redis.asyncio import Redis

from bench.bare import BareSql
from yabot.events.envelope import Envelope

STREAM = "bench:faststream"
GROUP = "bench"
# Commands in one round trip of the publisher, which is not measured.
PIPELINED = 500
# An event whose handler failed would never come again, and the round never end.
PATIENCE_SECONDS = 120.0
CREATE = "CREATE TABLE effects (event_id TEXT PRIMARY KEY, user_id TEXT, event_type TEXT)"
INSERT = "INSERT INTO effects VALUES (:event_id, :user_id, :event_type)"

Effect = Callable[[Envelope], Awaitable[None]]


async def consume_rate(redis_url: str, events: Sequence[str], effect: Effect) -> float:
    """Events per second, from the subscriber's start until the last one is acknowledged.

    ``events`` are envelopes as JSON, published before. Raises TimeoutError when one is not handled.
    """
    # None switches its logging off, which spares it two lines for each event.
    broker = RedisBroker(redis_url, logger=None)  # type: ignore[arg-type]
    handled, all_handled = count(1), asyncio.Event()

    @broker.subscriber(stream=StreamSub(STREAM, group=GROUP, consumer="bench"))
    async def handle(event: Envelope) -> None:
        await effect(event)
        if next(handled) == len(events):
            all_handled.set()

    async with Redis.from_url(redis_url) as redis, broker, asyncio.timeout(PATIENCE_SECONDS):
        await _publish(broker, redis, events)
        started = perf_counter()
        await broker.start()
        await all_handled.wait()
        await _acknowledged(redis)
        return len(events) / (perf_counter() - started)


async def do_nothing(_event: Envelope) -> None:
    pass


@contextmanager
def inserting(path: Path) -> Iterator[Effect]:
    """One insert and one fully synced commit for each event, by sqlite3 in `asyncio.to_thread`.

    aiosqlite, and a handler without `async`, which FastStream puts into a thread by itself, were
    as fast within a tenth.
    """
    sql = BareSql(path)
    sql.commit([(CREATE, [{}])])

    async def insert(event: Envelope) -> None:
        row = {"event_id": event.event_id, "user_id": event.user_id, "event_type": event.event_type}
        await asyncio.to_thread(sql.commit, [(INSERT, [row])])

    try:
        yield insert
    finally:
        sql.close()


async def _publish(broker: RedisBroker, redis: Redis, events: Sequence[str]) -> None:
    """In FastStream's own format, to a stream and a group that begin anew."""
    await redis.delete(STREAM)
    # By itself FastStream makes a group that sees only what is published after its start.
    await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
    for first in range(0, len(events), PIPELINED):
        pipeline = redis.pipeline(transaction=False)
        for event in events[first : first + PIPELINED]:
            await broker.publish(event.encode(), stream=STREAM, pipeline=pipeline)
        await pipeline.execute()


async def _acknowledged(redis: Redis) -> None:
    while (await redis.xpending(STREAM, GROUP))["pending"]:  # noqa: ASYNC110 - Redis tells nobody
        await asyncio.sleep(0.001)
