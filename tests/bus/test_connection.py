"""What a connection to Redis costs, and that it is given back."""

import asyncio

from tests.cancelling import cancelled_at_each_wait
from tests.storage.fixtures import PATIENCE_MS, redis_away
from tests.waiting import PATIENCE
from yabot.bus.connection import connect


def test_no_connection_looks_up_again_what_it_tells_of_its_client() -> None:
    """redis-py would read it from its package on the disk, each time that it connects anew."""
    pool = redis_away().connection_pool
    one, other = (pool.make_connection() for _ in range(2))  # type: ignore[no-untyped-call]
    assert one.driver_info is other.driver_info
    assert one.driver_info.formatted_name == "redis-py"


async def test_whoever_is_cut_off_gives_the_connection_back(redis_db: str) -> None:
    """A limit on time ends commands at any wait; there is one connection for all."""
    async with connect(redis_db, password=None, max_pool_size=1, timeout_ms=PATIENCE_MS) as redis:

        async def ask() -> None:
            await redis.ping()

        async def connect_and_ask() -> None:
            await redis.connection_pool.disconnect()
            await redis.ping()

        for work in (ask, connect_and_ask):
            cut_off = [n async for n in cancelled_at_each_wait(work)]
            assert cut_off
            async with asyncio.timeout(PATIENCE):
                await redis.ping()
