"""Figure 6: single operations against the limits that the requirements set (perf.1, perf.2)."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from statistics import quantiles
from time import perf_counter
from typing import Any

from redis.asyncio import Redis

from bench.causes import Registration
from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.program import Program, following, prepared_program
from yabot.bus.streams import stream_name
from yabot.events.operations import UserInteraction
from yabot.events.partition import partition_of
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import Cause, UnitOfWork

OPERATIONS = 400
ROUNDS = 5
EVENTS = 60
USER_ID = "1000000"

_numbers = count(1)


async def operation_figures(engines: Engines) -> list[Figure]:
    name, last_event = "bench_operations", Registration.last_event
    async with prepared_program(engines, name, last_event) as program, following(program):
        await Registration(program).prepare()
        users = program.services[UserService]
        return [
            await _p95("p95 of reading a user (perf.1)", lambda: users.get(USER_ID)),
            await _p95("p95 of committing a unit (perf.1)", lambda: _commit_event(program)),
            await _publication(program),
        ]


async def _p95(name: str, operation: Callable[[], Awaitable[Any]]) -> Figure:
    durations = []
    for _ in range(OPERATIONS):
        started = perf_counter()
        await operation()
        durations.append((perf_counter() - started) * 1000)
    limit = Target("at most", 100, absolute=True)
    return Figure(name, "ms", _p95_of(durations), targets=(limit,))


async def _publication(program: Program) -> Figure:
    """From the commit's return, or from before the raw XADD, until a reader has the event."""
    redis = program.stores.redis
    stream = stream_name(partition_of(USER_ID, program.settings.bus_partitions))

    async def add() -> float:
        started = perf_counter()
        await redis.xadd("bare", {"event": "x" * 400})
        return started

    async def commit() -> float:
        await _commit_event(program)
        return perf_counter()

    pairs = await alternate(
        lambda: _p95_until_read(redis, "bare", add),
        lambda: _p95_until_read(redis, stream, commit),
        ROUNDS,
    )
    name = "p95 from commit until the event can be read (perf.2)"
    return pairs.figure(name, "ms", Target("at most", 10, absolute=True))


async def _p95_until_read(
    redis: Redis, stream: str, publish: Callable[[], Awaitable[float]]
) -> float:
    """``publish`` returns the moment from which its event is waited for."""
    durations = []
    for _ in range(EVENTS):
        reading = asyncio.ensure_future(redis.xread({stream: "$"}, block=5000))
        await asyncio.sleep(0.005)
        started = await publish()
        assert await reading, "the event did not come"
        durations.append((perf_counter() - started) * 1000)
    return _p95_of(durations)


async def _commit_event(program: Program) -> None:
    async def tell(work: UnitOfWork) -> None:
        work.publish(UserInteraction(action="bench"), USER_ID)

    cause_id = f"bench:{next(_numbers)}"
    await program.services.commits.decide(Cause("bench", cause_id, cause_id), tell)


def _p95_of(durations: list[float]) -> float:
    return quantiles(durations, n=20)[-1]
