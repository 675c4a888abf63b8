"""An older copy of SQL comes back while a group works, as behind a restore or a failover."""

from redis.asyncio import Redis
from sqlalchemy import Connection, delete, update

from tests.bus.looking import look
from tests.bus.process import Process, effects, opened, poke, settled
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.bus.tables import group_positions
from yabot.events.partition import partition_of
from yabot.log.tables import audit_log, outbox, partitions, receipts
from yabot.storage.relational.database import Database

HERE = partition_of("7", PARTITIONS)


async def test_what_gets_the_positions_of_what_is_gone_is_handled(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with opened(new_database, redis) as process:
        await poke(process.commits, "7", "a")
        await poke(process.commits, "7", "b", "c", "d")
        await handles(process, "a", "b", "c", "d")
        await bring_older_copy_back(process.database)
        await look(process.groups["test"])
        await poke(process.commits, "7", "e", "f")
        await handles(process, "a", "e", "f")
        await until(lambda: settled(process.database))


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


async def bring_older_copy_back(database: Database) -> None:
    """Of the moment when the log held the first event alone, and that was handled."""
    await database.flush()
    first = [row["event_id"] for row in await rows_of(database, outbox) if row["pos"] == 1]

    def restore(connection: Connection) -> None:
        connection.execute(delete(outbox).where(outbox.c.event_id.not_in(first)))
        connection.execute(delete(receipts).where(receipts.c.cause_id.not_in(first)))
        connection.execute(delete(audit_log).where(audit_log.c.details != "a"))
        ends = update(partitions).where(partitions.c.partition == HERE)
        connection.execute(ends.values(last_pos=1, published_pos=0))
        place_at(connection, 1)

    await database.write(restore)


def place_at(connection: Connection, pos: int) -> None:
    there = update(group_positions).where(group_positions.c.partition == HERE)
    connection.execute(there.values(pos=pos))


async def place_of(database: Database) -> int:
    rows = await rows_of(database, group_positions)
    return next(int(row["pos"]) for row in rows if row["partition"] == HERE)
