"""How often something was done, counted by all who share a Redis, and by each while it is away."""

import asyncio

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.waiting import PATIENCE, until
from yabot.api.counters import Counters
from yabot.app.stores import open_redis
from yabot.runtime.watch import Gate
from yabot.settings import ConfigManager


@pytest.fixture
def gate() -> Gate:
    return Gate("Redis")


async def test_all_count_together(redis: Redis, gate: Gate) -> None:
    one, other = Counters(redis, gate, patience=PATIENCE), Counters(redis, gate, patience=PATIENCE)
    await one.add("a", 60)
    await other.add("a", 60, 4)
    await other.add("b", 60)
    count = await one.add("a", 60, 0)
    assert count.used == 5
    assert 0 < count.ends_in <= 60


async def test_a_window_ends_with_the_first_that_was_counted_in_it(
    redis: Redis, gate: Gate
) -> None:
    counters = Counters(redis, gate, patience=PATIENCE)
    await counters.add("a", 3600)
    # What is counted later does not put it off.
    assert (await counters.add("a", 7200)).ends_in <= 3600
    await counters.add("b", 0.01)

    async def begins_anew() -> bool:
        return (await counters.add("b", 0.01, 0)).used == 0

    await until(begins_anew)


async def test_while_redis_is_away_each_goes_on_from_what_it_knows(
    redis: Redis, gate: Gate
) -> None:
    one, other = Counters(redis, gate, patience=PATIENCE), Counters(redis, gate, patience=PATIENCE)
    await one.add("a", 60, 3)
    await other.add("a", 60, 3)
    gate.reason = "gone"
    assert (await one.add("a", 60)).used == 4
    assert (await other.add("a", 60)).used == 7
    assert (await other.add("b", 60)).used == 1


async def test_alone_a_window_ends_too(redis: Redis, gate: Gate) -> None:
    now = 0.0
    counters = Counters(redis, gate, lambda: now)
    gate.reason = "gone"
    await counters.add("a", 60, 5)
    now = 59.0
    assert (await counters.add("a", 60)).used == 6
    now = 61.0
    assert (await counters.add("a", 60)).used == 1


@pytest.mark.standard
async def test_a_redis_that_does_not_answer_is_not_asked_again_at_once(gate: Gate) -> None:
    asked = 0

    async def swallow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(3600)

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    now = 0.0
    counters = Counters(Redis(port=port), gate, lambda: now)
    assert [(await counters.add("a", 60)).used for _ in range(5)] == [1, 2, 3, 4, 5]
    assert asked == 1
    # The watch looks what is the matter.
    assert gate.suspected.is_set()
    now = 5.0
    await counters.add("a", 60)
    assert asked == 2
    server.close()


@pytest.mark.slow
async def test_of_many_who_wait_for_a_redis_that_is_away_one_tells(gate: Gate) -> None:
    now = 0.0
    counters = Counters(Redis(port=1), gate, lambda: now, patience=PATIENCE)
    for now in (0.0, 5.0):  # noqa: B007 - the counters' clock
        with capture_logs() as told:
            await asyncio.gather(*(counters.add(f"peer {n}", 60) for n in range(20)))
        assert [each["event"] for each in told] == ["counters.alone"]


async def test_sentinels_that_do_not_answer_leave_each_alone(gate: Gate) -> None:
    given = {"REDIS_SENTINELS": "127.0.0.1:1", "REDIS_SENTINEL_MASTER": "stories"}
    async with open_redis(ConfigManager(given, None).load()) as redis:
        assert (await Counters(redis, gate, patience=PATIENCE).add("a", 60, 3)).used == 3
    assert gate.suspected.is_set()
