"""Figure 3: how fast the relay brings a full outbox to Redis."""

from collections.abc import Awaitable
from time import perf_counter

from redis.asyncio import Redis

from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.logged import Row, new_rows, refill
from bench.program import prepared_program
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams

ROUNDS = 5
EVENTS = 10_000
# Commands in one round trip of the raw client.
PIPELINED = 500


async def relay_figures(engines: Engines) -> list[Figure]:
    async with prepared_program(engines, "bench_relay") as program:
        stores, number = program.stores, program.settings.bus_partitions

        async def raw() -> float:
            return await _rate(_add_raw(stores.redis, new_rows(EVENTS, number)))

        async def ours() -> float:
            rows = new_rows(EVENTS, number)
            await stores.database.write(lambda connection: refill(connection, rows))
            # Nobody has told it: it finds all in SQL.
            relay = Relay(stores.database, Streams(stores.redis))
            return await _rate(relay.run_once())

        pairs = await alternate(raw, ours, ROUNDS)
    targets = Target("at least", 20_000, absolute=True), Target("at least", 0.6)
    return [pairs.figure("relay, outbox to Redis", "events/s", *targets)]


async def _rate(work: Awaitable[None]) -> float:
    started = perf_counter()
    await work
    return EVENTS / (perf_counter() - started)


async def _add_raw(redis: Redis, rows: list[Row]) -> None:
    """XADD and nothing else, to as many streams, as many as possible in a round trip."""
    for first in range(0, EVENTS, PIPELINED):
        pipeline = redis.pipeline(transaction=False)
        for row in rows[first : first + PIPELINED]:
            stream = f"bare:{{{row['partition']}}}"
            pipeline.xadd(stream, {"event": row["envelope"]}, maxlen=10_000)
        await pipeline.execute()
