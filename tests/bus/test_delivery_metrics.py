"""What the metrics say of subscribers: how many events came to what, how far behind, how busy."""

import asyncio
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from tests.bus.dead_letters.operating import retry
from tests.bus.process import Poked, Process, poke, running, settled, toy
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.app.followers import BACKLOGS
from yabot.errors import TerminalError
from yabot.log.backlog import measure_backlog
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.metrics import REGISTRY
from yabot.subscriber import Event


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"yabot_{name}", labels) or 0.0


@pytest.mark.criterion("2.3.3")
async def test_every_outcome_is_counted(new_database: NewDatabase, redis: Redis) -> None:
    consumer = f"counted {uuid4()}"
    failing = True

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        if failing and event.payload.word == "poison":
            raise TerminalError("it is poison")
        if failing and event.payload.word == "stumble":
            stumbled.append(event)
            if len(stumbled) == 1:
                raise RuntimeError("once")

    def outcome(name: str) -> float:
        return metric("events_handled_total", consumer=consumer, outcome=name)

    stumbled: list[Event[Poked]] = []
    before = metric("event_waiting_seconds_count", group="test")
    async with running(new_database, redis, toy(handle, consumer, late="apply")) as process:
        await poke(process.commits, "7", "fine", "poison", "stumble")
        await until(lambda: settled(process.database))
        assert (outcome("ok"), outcome("failed"), outcome("dead")) == (2, 1, 1)
        assert metric("event_handling_seconds_count", consumer=consumer) == 4
        assert metric("event_waiting_seconds_count", group="test") == before + 3
        await measure_backlog(process.database, BACKLOGS)
        assert metric("backlog_rows", queue="dead_letters") == 1
        assert metric("backlog_age_seconds", queue="dead_letters") > 0
        failing = False
        await retry(process.database, [1])

        async def retried() -> bool:
            return outcome("retried") == 1

        await until(retried)
        await measure_backlog(process.database, BACKLOGS)
        assert metric("backlog_rows", queue="dead_letters") == 0


@pytest.mark.criterion("2.3.3")
async def test_how_far_behind_and_how_busy_a_group_is(
    new_database: NewDatabase, redis: Redis
) -> None:
    group, free = f"busy {uuid4()}", asyncio.Event()

    async def wait(event: Event[Poked], work: UnitOfWork) -> None:
        await free.wait()

    process = Process(new_database(), redis, {group: [toy(wait)]})
    await process.start()
    await poke(process.commits, "7", "a", "b")
    await poke(process.commits, "8", "c")

    async def measured() -> bool:
        return (
            metric("group_lag_events", group=group),
            metric("events_in_flight", group=group),
        ) == (3, 3)

    await until(measured)
    assert metric("group_lag_seconds", group=group) > 0
    assert metric("partitions_owned", group=group) > 0
    free.set()

    async def caught_up() -> bool:
        return metric("group_lag_events", group=group) == 0

    await until(caught_up)
    assert metric("events_in_flight", group=group) == 0
    assert metric("group_lag_seconds", group=group) == 0
    await process.stop()
