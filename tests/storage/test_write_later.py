"""Marks that may wait a moment, and must not be lost."""

import asyncio

import pytest
from sqlalchemy import Connection, update
from structlog.testing import capture_logs

from tests.log.faults import counting_commits, locked
from tests.log.units import keep_receipt
from tests.storage.dumps import marks, rows_of
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.log.tables import partitions
from yabot.storage.relational.database import Database, Statement

pytestmark = pytest.mark.standard


def reach(pos: int) -> Statement[None]:
    statement = update(partitions).where(partitions.c.partition == 0).values(last_pos=pos)

    def write(connection: Connection) -> None:
        connection.execute(statement)

    return write


async def test_marks_are_there_soon_and_in_order(database: Database) -> None:
    for pos in (1, 2, 3):
        database.write_later(reach(pos))

    async def written() -> bool:
        first = (await rows_of(database, partitions))[0]
        return bool(first["last_pos"] == 3)

    await until(written)


async def test_many_marks_share_one_commit(database: Database) -> None:
    with counting_commits(database.engine) as commits:
        for n in range(50):
            database.write_later(keep_receipt(f"cause {n}"))

        async def written() -> bool:
            return len(await marks(database)) == 50

        await until(written)
    assert len(commits) == 1


async def test_after_a_flush_they_are_there(database: Database) -> None:
    database.write_later(keep_receipt("one"))
    being_written = asyncio.create_task(database.flush())
    await asyncio.sleep(0)
    await database.flush()
    assert await marks(database) == ["one"]
    database.write_later(keep_receipt("two"))
    await database.flush()
    assert await marks(database) == ["one", "two"]
    await being_written


async def test_marks_wait_while_sql_is_away(new_database: NewDatabase) -> None:
    database, other = new_database(timeout_ms=1000), new_database()
    await database.open()
    with locked(other.engine), capture_logs() as logs:
        database.write_later(keep_receipt("one"))

        async def has_waited_twice() -> bool:
            return len([entry for entry in logs if entry["event"] == "marks.waiting"]) >= 2

        await until(has_waited_twice)
        database.write_later(keep_receipt("two"))

    async def written() -> bool:
        return await marks(database) == ["one", "two"]

    await until(written)
    await database.close()
    other.engine.dispose()


async def test_an_unforeseen_error_does_not_end_the_writing_of_marks(database: Database) -> None:
    tries: list[int] = []

    def fails_once(connection: Connection) -> None:
        tries.append(len(tries))
        if len(tries) == 1:
            raise ValueError("nobody thought of it")
        keep_receipt("one")(connection)

    with capture_logs() as logs:
        database.write_later(fails_once)

        async def written() -> bool:
            return await marks(database) == ["one"]

        await until(written)
    assert [entry["log_level"] for entry in logs] == ["error"]
