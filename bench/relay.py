"""Figure 3: how fast the relay brings a full outbox to Redis."""

from collections.abc import Awaitable
from time import perf_counter
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from uuid_utils import uuid7

from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.program import prepared_program
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.clock import utc_now
from yabot.events.envelope import Envelope
from yabot.events.operations import OperationCompleted
from yabot.events.partition import partition_of
from yabot.storage.relational.tables import outbox, partitions

ROUNDS = 5
EVENTS = 10_000
USERS = 500
# Commands in one round trip of the raw client.
PIPELINED = 500

Row = dict[str, Any]


async def relay_figures(engines: Engines) -> list[Figure]:
    async with prepared_program(engines, "bench_relay") as program:
        stores, number = program.stores, program.settings.bus_partitions

        async def raw() -> float:
            return await _rate(_add_raw(stores.redis, _rows(number)))

        async def ours() -> float:
            rows = _rows(number)
            await stores.database.write(lambda connection: _refill(connection, rows))
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


_set_last = (
    update(partitions)
    .where(partitions.c.partition == bindparam("number"))
    .values(last_pos=bindparam("at"))
)


def _refill(connection: Connection, rows: list[Row]) -> None:
    """In place of what is published, behind its positions."""
    connection.execute(delete(outbox))
    last = dict(connection.execute(select(partitions.c.partition, partitions.c.last_pos)).all())
    placed = []
    for row in rows:
        last[row["partition"]] += 1
        placed.append(row | {"pos": last[row["partition"]]})
    connection.execute(insert(outbox), placed)
    connection.execute(_set_last, [{"number": n, "at": pos} for n, pos in last.items()])


def _rows(partitions: int) -> list[Row]:
    return [_row(str(1_000_000 + n % USERS), partitions) for n in range(EVENTS)]


def _row(user_id: str, partitions: int) -> Row:
    payload = OperationCompleted(operation="choice", outcome="ok", duration_ms=12.5)
    envelope = Envelope(
        event_id=str(uuid7()),
        event_type=payload.event_type,
        version=payload.version,
        timestamp=utc_now(),
        user_id=user_id,
        sequence=1,
        correlation_id="update:42:1",
        causation_id="update:42:1",
        payload=payload.model_dump(mode="json", exclude_none=True),
    )
    return {
        "event_id": envelope.event_id,
        "partition": partition_of(user_id, partitions),
        "user_id": user_id,
        "event_type": envelope.event_type,
        "envelope": envelope.to_json(),
        "created_at": envelope.timestamp,
    }
