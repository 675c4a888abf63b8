"""How many requests a service may send in a minute, whichever processes answer them."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.waiting import PATIENCE
from yabot.api.admission.quota import Quota
from yabot.api.answering.problems import Refused
from yabot.api.counters import Counters
from yabot.runtime.watch import Gate


@pytest.fixture
def gate() -> Gate:
    return Gate("Redis")


async def uses(quota: Quota, service: str, requests: int) -> int:
    """How many of them are let in."""
    asking = (quota.use(service) for _ in range(requests))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(answer, Refused) for answer in answers if isinstance(answer, Exception))
    return sum(not isinstance(answer, Exception) for answer in answers)


async def asked(redis: Redis) -> int:
    """How often it has counted anything."""
    told = await redis.info("commandstats")
    return int(told.get("cmdstat_incrby", {"calls": 0})["calls"])


async def test_each_service_has_its_own(redis: Redis, gate: Gate) -> None:
    quota = Quota(Counters(redis, gate, patience=PATIENCE), 5)
    assert await uses(quota, "orders", 8) == 5
    assert await uses(quota, "letters", 8) == 5


@pytest.mark.parametrize("limit", [10, 1000])
async def test_two_processes_let_in_as_many_as_one(redis: Redis, gate: Gate, limit: int) -> None:
    one, other = (Quota(Counters(redis, gate, patience=PATIENCE), limit) for _ in range(2))
    let_in = 0
    for _ in range(limit):
        let_in += await uses(one, "orders", 1) + await uses(other, "orders", 1)
    # One may have taken some in advance that the other cannot have any more.
    assert limit - limit // 100 <= let_in <= limit


async def test_redis_is_asked_for_many_at_once(redis: Redis, gate: Gate) -> None:
    quota = Quota(Counters(redis, gate, patience=PATIENCE), 1000)
    before = await asked(redis)
    assert await uses(quota, "orders", 100) == 100
    assert await asked(redis) - before == 10


async def test_who_has_used_it_up_is_told_when_there_is_more(redis: Redis, gate: Gate) -> None:
    quota = Quota(Counters(redis, gate, patience=PATIENCE), 2)
    standings = [await quota.use("orders") for _ in range(2)]
    assert [standing.remaining for standing in standings] == [1, 0]
    assert standings[0].headers["RateLimit-Limit"] == "2"
    with pytest.raises(Refused) as refusal:
        await quota.use("orders")
    refused = refusal.value
    assert (refused.kind.status, refused.code) == (429, "quota_exceeded")
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.headers["RateLimit-Reset"] == refused.headers["Retry-After"]


async def test_without_redis_it_counts_for_itself_and_begins_anew_each_minute(gate: Gate) -> None:
    now = 0.0

    def clock() -> float:
        return now

    gate.reason = "gone"
    quota = Quota(Counters(Redis(), gate, clock), 3, clock)
    assert await uses(quota, "orders", 5) == 3
    now = 59.0
    assert await uses(quota, "orders", 5) == 0
    now = 61.0
    assert await uses(quota, "orders", 5) == 3
