"""A firewall that has forgotten idle connections: a burst after the rest goes through at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.bus.log import assert_in_order, committed, marked, streams, tell, told_in
from tests.outages.proxy import Proxy, at_port, proxying
from tests.storage.fixtures import PATIENCE_MS, new_commits
from tests.uris import moved_to, port_of
from tests.waiting import PATIENCE, until
from yabot.bus.connection import connect, ping_redis
from yabot.bus.pool import RESTED
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.runtime.watch import Gate, StoreWatch
from yabot.storage.relational.database import Database

USERS = 16


@pytest.fixture
def firewall(redis_db: str) -> Iterator[Proxy]:
    with proxying(at_port(port_of(redis_db))) as proxy:
        yield proxy


@pytest.fixture
async def behind_it(redis_db: str, firewall: Proxy) -> AsyncIterator[Redis]:
    """Redis, connected to as the program does."""
    url = moved_to(redis_db, firewall.port)
    async with connect(url, password=None, max_pool_size=50, timeout_ms=PATIENCE_MS) as client:
        yield client


async def test_a_burst_after_the_rest_fails_no_publication(
    sqlite_database: Database, firewall: Proxy, behind_it: Redis
) -> None:
    commits = new_commits(sqlite_database)
    relay = Relay(sqlite_database, Streams(behind_it), sweep_seconds=600)
    commits.followers.append(relay.notice)
    relay.loop.start()

    async def burst(about: str) -> None:
        told = (tell(commits, f"{about} {n}", str(n), times=2) for n in range(USERS))
        await asyncio.gather(*told)

    async def published(events: int) -> bool:
        found = told_in(await streams(behind_it))
        return len(found) == events and await marked(sqlite_database)

    await burst("before")
    await until(lambda: published(2 * USERS))
    await rest()
    firewall.forget()
    with capture_logs() as said:
        await burst("after")
        await until(lambda: published(4 * USERS))
    await relay.loop.finish(PATIENCE)
    assert [line for line in said if line["event"] == "publish.failed"] == []
    found = await streams(behind_it)
    assert found == await committed(sqlite_database)
    assert_in_order(found)


async def test_the_watch_calls_no_store_lost(firewall: Proxy, behind_it: Redis) -> None:
    looks = 0

    async def ping() -> None:
        nonlocal looks
        await ping_redis(behind_it)
        looks += 1

    async def looked_again() -> bool:
        return looks > 1

    watch = StoreWatch(Gate("Redis"), ping, ping)
    lost: list[str] = []
    watch.on_lost.append(lost.append)
    await ping()
    await rest()
    firewall.forget()
    looks = 0
    await watch.start(PATIENCE)
    watch.gate.suspected.set()
    await until(looked_again)
    await watch.stop()
    assert lost == []


async def rest() -> None:
    """Until the connections in the pool have rested."""
    clock = asyncio.get_running_loop().time
    began = clock()

    async def rested() -> bool:
        return clock() - began > RESTED

    await until(rested)
