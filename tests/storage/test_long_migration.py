"""A migration takes as long as it needs, also when the start no longer waits for it."""

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine

from tests.storage.schema import SCHEMA
from tests.waiting import until
from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Database
from yabot.storage.relational.schema import one_process_at_a_time

WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
def other(empty_postgres: Database) -> Iterator[Connection]:
    """Another process, whose migration ours waits for."""
    engine = create_engine(empty_postgres.engine.url)
    with engine.connect() as connection:
        one_process_at_a_time(connection)
        yield connection
    engine.dispose()


async def until_it_waits(connection: Connection) -> None:
    async def waits() -> bool:
        return bool(connection.exec_driver_sql(WAITING).scalar())

    await until(waits)


async def test_it_goes_on_while_the_store_counts_as_away(
    empty_postgres: Database, other: Connection
) -> None:
    migrating = asyncio.create_task(asyncio.to_thread(SCHEMA.upgrade, empty_postgres.engine))
    await until_it_waits(other)
    # As the watch does.
    empty_postgres.gate.on_shut()
    other.rollback()
    await migrating
    assert SCHEMA.is_current(empty_postgres.engine)


async def test_it_ends_with_the_program(empty_postgres: Database, other: Connection) -> None:
    migrating = asyncio.create_task(asyncio.to_thread(SCHEMA.upgrade, empty_postgres.engine))
    await until_it_waits(other)
    await empty_postgres.close()
    with pytest.raises(StoreUnavailable):
        await migrating


async def test_what_comes_behind_it_on_its_connection_is_cut_off_again(
    empty_postgres: Database,
) -> None:
    await asyncio.to_thread(SCHEMA.upgrade, empty_postgres.engine)
    with pytest.raises(StoreUnavailable):
        await empty_postgres.read(lambda connection: cut_off(empty_postgres, connection))


def cut_off(database: Database, connection: Connection) -> None:
    database.gate.on_shut()
    connection.exec_driver_sql("SELECT 1")
