"""The log keeps an event until the slowest group that is declared has dealt with it."""

import asyncio
from datetime import timedelta

from redis.asyncio import Redis
from sqlalchemy import Connection, update

from tests.bus.log import marked
from tests.bus.process import Poked, Process, effects, let_leases_end, poke, settled, toy
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.app.assembly import build_retention
from yabot.clock import utc_now
from yabot.events.partition import partition_of
from yabot.feature import Feature
from yabot.log.tables import outbox, receipts
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event


async def sweep(database: Database, *groups: str) -> None:
    features = [Feature(name, subscribers=lambda _services: ()) for name in groups]
    await build_retention(features, database, 1).sweep()


async def test_the_log_waits_for_the_slowest_declared_group(
    new_database: NewDatabase, redis: Redis
) -> None:
    free = asyncio.Event()

    async def wait(event: Event[Poked], work: UnitOfWork) -> None:
        await free.wait()

    groups = {"quick": [toy(name="quick")], "slow": [toy(wait, name="slow")]}
    process = Process(new_database(), redis, groups)
    await process.start()
    await poke(process.commits, "7", "a", "b", "c")
    await until(lambda: settled(process.database, "quick"))
    await until(lambda: marked(process.database))
    await process.database.write(grow_old)

    await sweep(process.database, "quick", "slow")
    assert await kept(process.database) == 3
    free.set()
    await until(lambda: settled(process.database, "slow"))
    await sweep(process.database, "quick", "slow")
    assert await kept(process.database) == 0
    await process.stop()


async def test_a_group_that_is_declared_no_more_holds_nothing_back(
    new_database: NewDatabase, redis: Redis
) -> None:
    before = Process(new_database(), redis, {"gone": [toy(name="gone")]})
    await before.start()
    await until(lambda: settled(before.database, "gone"))
    await before.worker.stop()
    await poke(before.commits, "7", "a")
    await until(lambda: marked(before.database))
    await before.database.write(grow_old)
    await sweep(before.database, "gone")
    assert await kept(before.database) == 1
    await sweep(before.database, "another")
    assert await kept(before.database) == 0
    await before.stop()


async def test_a_receipt_stays_while_its_group_stands_before_an_older_event(
    new_database: NewDatabase, redis: Redis
) -> None:
    place = partition_of("7", PARTITIONS)
    other = next(f"{n}" for n in range(8, 100) if partition_of(f"{n}", PARTITIONS) == place)

    async def wait(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "first":
            await asyncio.Event().wait()

    before = Process(new_database(), redis, {"toys": [toy(wait)]}, finish_seconds=0)
    await before.start()
    await poke(before.commits, "7", "first")
    await poke(before.commits, other, "second")
    await until(lambda: has_effect(before.database, other))
    await until(lambda: marked(before.database))
    await before.stop()
    await let_leases_end(new_database)

    after = Process(new_database(), redis, {"toys": [toy()]})
    await after.database.open()
    await after.database.write(grow_old)
    await sweep(after.database, "toys")
    await after.start()
    await until(lambda: settled(after.database, "toys"))
    assert await effects(after.database) == {"7": ["first"], other: ["second"]}
    await after.database.write(grow_old)
    await sweep(after.database, "toys")
    assert await rows_of(after.database, receipts) == []
    await after.stop()


async def has_effect(database: Database, user_id: str) -> bool:
    return user_id in await effects(database)


def grow_old(connection: Connection) -> None:
    moment = utc_now() - timedelta(days=3)
    connection.execute(update(outbox).values(created_at=moment))
    connection.execute(update(receipts).values(committed_at=moment))


async def kept(database: Database) -> int:
    return len(await rows_of(database, outbox))
