"""How long an event takes when nothing else happens, beside a raw XADD and a blocking XREAD."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from statistics import median, quantiles
from time import perf_counter

from redis.asyncio import Redis

from bench.engines import Engines
from bench.figures import Figure, Target
from bench.subscribing import CONSUMER, Bus, Handled, opened_bus, subscribed
from yabot.events.operations import OperationCompleted
from yabot.log.commit_log import Committed
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.subscriber import Subscriber

EVENTS = 1000
WARM_UP = 100
PATIENCE = 10.0
# Seconds without anything before each event.
IDLE = 0.005

_numbers = count(1)


@dataclass(slots=True)
class Journey:
    """Moments of one event."""

    begun: float
    committed: float = 0.0
    handled: float = 0.0
    durable: asyncio.Future[float] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


@dataclass(slots=True)
class Journeys:
    """One after another; each effect is a row of its own."""

    bus: Bus
    under_way: Journey | None = None

    def subscriber(self) -> Subscriber[OperationCompleted]:
        insert = self.bus.inserting().handle

        async def handle(event: Handled, work: UnitOfWork) -> None:
            assert self.under_way is not None
            self.under_way.handled = perf_counter()
            await insert(event, work)

        return Subscriber(CONSUMER, OperationCompleted, handle)

    def notice(self, committed: Committed) -> None:
        if committed.cause.consumer == CONSUMER and self.under_way is not None:
            self.under_way.durable.set_result(perf_counter())

    async def make(self) -> Journey:
        await asyncio.sleep(IDLE)
        cause_id = f"idle:{next(_numbers)}"
        self.under_way = journey = Journey(perf_counter())
        await self.bus.commits.decide(Cause("bench", cause_id, cause_id), _tell)
        journey.committed = perf_counter()
        async with asyncio.timeout(PATIENCE):
            await journey.durable
        return journey


async def _tell(work: UnitOfWork) -> None:
    work.publish(OperationCompleted(operation="choice", outcome="ok", duration_ms=12.5), "7")


async def idle_figures(engines: Engines) -> list[Figure]:
    async with opened_bus(engines, "bench_idle") as bus:
        journeys = Journeys(bus)
        bus.commits.followers.append(journeys.notice)
        async with subscribed(bus, journeys.subscriber()):
            bare, made = [], []
            for _ in range(WARM_UP + EVENTS):
                bare.append(await _raw(bus.redis))
                made.append(await journeys.make())
    del bare[:WARM_UP], made[:WARM_UP]
    handled = [each.handled - each.committed for each in made]
    durable = [each.durable.result() - each.begun for each in made]
    limit = Target("at most", 10, absolute=True)
    return [
        _beside("p50 from publish to handled, idle", median(handled), median(bare)),
        _beside("p99 from publish to handled, idle", _p99(handled), _p99(bare), limit),
        _beside("p50 from before the commit until the effect is durable", median(durable)),
        _beside("p99 from before the commit until the effect is durable", _p99(durable)),
    ]


async def _raw(redis: Redis) -> float:
    """From before the XADD until the reader has it."""
    reading = asyncio.ensure_future(redis.xread({"bare:idle": "$"}, block=5000))
    await asyncio.sleep(IDLE)
    started = perf_counter()
    await redis.xadd("bare:idle", {"event": "x" * 400})
    assert await reading, "the event did not come"
    return perf_counter() - started


def _beside(name: str, ours: float, bare: float | None = None, *targets: Target) -> Figure:
    """In milliseconds."""
    baseline, ratio = (None, None) if bare is None else (bare * 1000, ours / bare)
    return Figure(name, "ms", ours * 1000, baseline, ratio, targets)


def _p99(durations: list[float]) -> float:
    return quantiles(durations, n=100)[-1]
