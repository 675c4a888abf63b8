"""Marks that may wait a moment, and must not be lost."""

import pytest
from sqlalchemy import Connection, insert, update
from structlog.testing import capture_logs

from tests.storage.dumps import marks, rows_of
from tests.storage.faults import failing_at, locked
from tests.storage.fixtures import NewDatabase
from tests.storage.units import add_receipt
from tests.storage.waiting import until
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import partitions


def reach(connection: Connection, pos: int) -> None:
    statement = update(partitions).where(partitions.c.partition == 0)
    connection.execute(statement.values(last_pos=pos))


async def test_marks_are_there_soon_and_in_order(database: Database) -> None:
    for pos in (1, 2, 3):
        database.write_later(lambda connection, pos=pos: reach(connection, pos))

    async def written() -> bool:
        return (await rows_of(database, partitions))[0]["last_pos"] == 3

    await until(written, seconds=2)


async def test_many_marks_share_one_commit(database: Database) -> None:
    with failing_at(database.engine, -1) as statements:
        for n in range(50):
            database.write_later(lambda connection, n=n: add_receipt(connection, f"cause {n}"))

        async def written() -> bool:
            return len(await marks(database)) == 50

        await until(written)
    begun = [sql for sql in statements.seen if sql.startswith(("SAVEPOINT", "INSERT"))]
    transactions = len([sql for sql in begun if sql.startswith("SAVEPOINT")])
    assert transactions <= 1


async def test_marks_wait_while_sql_is_away(new_database: NewDatabase) -> None:
    database, other = new_database(timeout_ms=100), new_database()
    await database.open()
    with locked(other.engine), capture_logs() as logs:
        database.write_later(lambda connection: add_receipt(connection, "one"))

        async def has_waited_twice() -> bool:
            return len([entry for entry in logs if entry["event"] == "marks.waiting"]) >= 2

        await until(has_waited_twice)
        database.write_later(lambda connection: add_receipt(connection, "two"))

    async def written() -> bool:
        return await marks(database) == ["one", "two"]

    await until(written)
    await database.close()
    other.engine.dispose()


async def test_a_mark_that_can_never_be_made_does_not_hold_up_the_others(
    database: Database,
) -> None:
    def impossible(connection: Connection) -> None:
        connection.execute(insert(partitions), {"partition": 0, "last_pos": 0, "published_pos": 0})

    database.write_later(impossible)
    database.write_later(lambda connection: add_receipt(connection, "one"))

    async def written() -> bool:
        return await marks(database) == ["one"]

    await until(written, seconds=3)


pytestmark = pytest.mark.timeout(60)
