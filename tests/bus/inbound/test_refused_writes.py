"""A Redis that can be read and takes no writes: nothing is taken in again and again meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.bus.inbound.service import Sent, audits, look, new_sequencer, taken_in, write
from tests.bus.statements import statements
from tests.bus.valkey import server
from tests.storage.dumps import rows_of
from tests.storage.fixtures import new_commits
from yabot.bus.inbound.refusals import MOST_A_MINUTE
from yabot.bus.inbound.sequencer import Sequencer
from yabot.bus.inbound.stream import ASIDE, INBOUND
from yabot.bus.tables import dead_letters
from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.standard

SENT = [Sent(f"{n}", n) for n in range(3)]


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[Redis]:
    """Of the test's own: how it is configured is no business of others."""
    async with server(tmp_path) as valkey:
        yield valkey.redis


async def take_writes(redis: Redis, *, on: bool) -> None:
    await redis.config_set("min-replicas-to-write", 0 if on else 1)


async def litter(redis: Redis, entries: int) -> None:
    for n in range(entries):
        await redis.xadd(INBOUND, {"event": f"garbage {n}"})


async def look_in_vain(sequencer: Sequencer, times: int) -> None:
    for _ in range(times):
        with pytest.raises(StoreUnavailable):
            await look(sequencer)


async def test_what_cannot_be_removed_is_taken_in_once(
    sqlite_database: Database, redis: Redis
) -> None:
    sequencer = new_sequencer(new_commits(sqlite_database), redis, window=0)
    await write(redis, *SENT)
    await litter(redis, MOST_A_MINUTE // 2)
    await take_writes(redis, on=False)
    with capture_logs() as logs:
        await look_in_vain(sequencer, 1)
        with statements() as seen:
            await look_in_vain(sequencer, 3)
    assert not [each for each in seen if each.startswith("INSERT")]
    assert len(await rows_of(sqlite_database, dead_letters)) == MOST_A_MINUTE // 2
    assert len([each for each in logs if each["event"] == "inbound.refused"]) == MOST_A_MINUTE // 2
    await take_writes(redis, on=True)
    await litter(redis, MOST_A_MINUTE // 2)
    await look(sequencer)
    assert len(await rows_of(sqlite_database, dead_letters)) == MOST_A_MINUTE
    assert (await redis.xlen(INBOUND), await redis.xlen(ASIDE)) == (0, 0)
    assert await taken_in(sqlite_database, SENT) == ["0", "1", "2"]


async def test_a_flood_is_told_of_and_moved_once(sqlite_database: Database, redis: Redis) -> None:
    sequencer = new_sequencer(new_commits(sqlite_database), redis, window=0)
    await litter(redis, MOST_A_MINUTE + 10)
    await take_writes(redis, on=False)
    with capture_logs() as logs:
        await look_in_vain(sequencer, 3)
        await take_writes(redis, on=True)
        await look(sequencer)
    assert len([each for each in logs if each["event"] == "inbound.flooded"]) == 1
    assert len(await audits(sqlite_database, "inbound_flooded")) == 1
    assert len(await rows_of(sqlite_database, dead_letters)) == MOST_A_MINUTE
    assert (await redis.xlen(INBOUND), await redis.xlen(ASIDE)) == (0, 10)


async def test_another_process_that_comes_meanwhile_takes_in_what_is_left(
    sqlite_database: Database, redis: Redis
) -> None:
    first = new_sequencer(new_commits(sqlite_database), redis, window=0)
    await write(redis, *SENT[:2])
    await take_writes(redis, on=False)
    await look_in_vain(first, 2)
    await take_writes(redis, on=True)
    await write(redis, SENT[2])
    await take_writes(redis, on=False)
    await look_in_vain(new_sequencer(new_commits(sqlite_database), redis, window=0), 2)
    assert await taken_in(sqlite_database, SENT) == ["0", "1", "2"]
