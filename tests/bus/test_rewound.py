"""An older copy of SQL comes back while a group works, as behind a restore or a failover."""

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.bus.looking import look
from tests.bus.older_copy import HERE, bring_older_copy_back, place_at
from tests.bus.process import Process, effects, opened, poke, settled
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.bus.tables import group_positions
from yabot.storage.relational.database import Database


async def test_what_gets_the_positions_of_what_is_gone_is_handled(
    new_database: NewDatabase, redis: Redis
) -> None:
    """Seen while the log ends before them."""
    async with opened(new_database, redis) as process:
        await poke(process.commits, "7", "a")
        await poke(process.commits, "7", "b", "c", "d")
        await handles(process, "a", "b", "c", "d")
        await bring_older_copy_back(process.database)
        await look(process.groups["test"])
        await poke(process.commits, "7", "e", "f")
        await handles(process, "a", "e", "f")
        await until(lambda: settled(process.database))


@pytest.mark.parametrize("is_idle", [False, True], ids=["while it works", "since its start"])
async def test_so_it_is_when_the_log_has_come_further_again(
    new_database: NewDatabase, redis: Redis, is_idle: bool
) -> None:
    async with opened(new_database, redis) as process:
        await poke(process.commits, "7", "a")
        await poke(process.commits, "7", "b", "c", "d")
        await handles(process, "a", "b", "c", "d")
        await until(lambda: settled(process.database))
        if not is_idle:
            await come_back_further(process)
    if is_idle:
        async with opened(new_database, redis) as process:
            await look(process.groups["test"])
            await come_back_further(process)


async def come_back_further(process: Process) -> None:
    await bring_older_copy_back(process.database)
    await poke(process.commits, "7", "e", "f", "g", "h")
    with capture_logs() as logs:
        await handles(process, "a", "e", "f", "g", "h")
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["log.rewound"]
    await until(lambda: settled(process.database))


@pytest.mark.parametrize("is_idle", [False, True], ids=["while it works", "since its start"])
async def test_a_place_where_another_event_stands_is_not_written_down(
    new_database: NewDatabase, redis: Redis, is_idle: bool
) -> None:
    """What comes as far as that, and no further, is handled by the next start at the latest."""
    async with opened(new_database, redis) as process:
        await poke(process.commits, "7", "a", "b", "c", "d")
        await handles(process, "a", "b", "c", "d")
        if not is_idle:
            await bring_older_copy_back(process.database)
            await poke(process.commits, "7", "e", "f", "g")
    if is_idle:
        async with opened(new_database, redis) as process:
            await look(process.groups["test"])
            await bring_older_copy_back(process.database)
            await poke(process.commits, "7", "e", "f", "g")
    async with opened(new_database, redis) as process:
        assert await place_of(process.database) == 1
        await handles(process, "a", "e", "f", "g")


async def test_a_place_beyond_the_log_is_not_written_down(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with opened(new_database, redis) as process:
        await poke(process.commits, "7", "a", "b", "c")
        await handles(process, "a", "b", "c")
        await bring_older_copy_back(process.database)
    async with opened(new_database, redis) as process:
        assert await place_of(process.database) == 1


async def test_a_start_goes_on_where_the_log_ends_from_a_place_beyond_it(
    new_database: NewDatabase, redis: Redis
) -> None:
    """An older version has written it down."""
    async with opened(new_database, redis) as process:
        await process.database.write(lambda connection: place_at(connection, 9))
        await look(process.groups["test"])
        await poke(process.commits, "7", "a")
        await handles(process, "a")


async def handles(process: Process, *words: str) -> None:
    """In the looks that come; these are all that has taken effect then."""

    async def have_effect() -> bool:
        await look(process.groups["test"])
        return await effects(process.database) == {"7": [*words]}

    await until(have_effect)


async def place_of(database: Database) -> int:
    rows = await rows_of(database, group_positions)
    return next(int(row["pos"]) for row in rows if row["partition"] == HERE)
