"""How SQLite is read: what is asked for together is read together, and waits for nobody's."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import ProgrammingError

from tests.waiting import PATIENCE
from yabot.errors import StoreUnavailable
from yabot.storage.relational.sqlite import SqliteDatabase
from yabot.storage.relational.sqlite_driver import run_plain
from yabot.storage.relational.sqlite_reads import LONG, SqliteReads

MANY = 100


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Of one table, in which nothing stands."""
    database = SqliteDatabase(tmp_path / "yabot.db", pool_size=2, timeout_ms=5000)
    await database.open()
    await database.write(lambda connection: run(connection, "CREATE TABLE marks (name TEXT)"))
    yield database
    await database.close()


@pytest.fixture
async def engine(database: SqliteDatabase, tmp_path: Path) -> AsyncIterator[Engine]:
    """For reads of that table beside the database's own."""
    engine = open_engine(tmp_path / "yabot.db")
    yield engine
    engine.dispose()


@pytest.fixture
async def reads(engine: Engine) -> AsyncIterator[SqliteReads]:
    """Of one thread."""
    reads = SqliteReads(engine, 1)
    yield reads
    await reads.close()


async def test_what_is_asked_for_at_once_wakes_no_more_than_each_thread_once(
    engine: Engine,
) -> None:
    reads, taken = SqliteReads(engine, 2), list[object]()
    event.listen(engine, "checkout", lambda *about: taken.append(about))
    assert await asyncio.gather(*(reads.read(count) for _ in range(MANY))) == [0] * MANY
    await reads.close()
    assert 1 <= len(taken) <= 2


async def test_what_was_committed_meanwhile_is_seen_behind_a_read_that_could_not_see_it(
    database: SqliteDatabase, reads: SqliteReads
) -> None:
    long = LongRead()
    before = asyncio.create_task(reads.read(long))
    await long.begun()
    await database.write(add_mark)
    after = asyncio.create_task(reads.read(count))
    # It has asked, and the same thread takes it.
    await asyncio.sleep(0)
    long.may_end.set()
    assert (await before, await after) == (0, 1)


async def test_a_long_read_does_not_hold_up_what_comes_behind_it(
    database: SqliteDatabase,
) -> None:
    long = LongRead()
    lasting, behind = (asyncio.create_task(database.read(query)) for query in (long, count))
    async with asyncio.timeout(PATIENCE):
        assert await behind == 0
    assert not lasting.done()
    long.may_end.set()
    assert await lasting == 0


async def test_a_long_read_does_not_hold_up_what_came_before_it(reads: SqliteReads) -> None:
    long = LongRead()
    before, lasting = (asyncio.create_task(reads.read(query)) for query in (count, long))
    async with asyncio.timeout(PATIENCE):
        assert await before == 0
    assert not lasting.done()
    long.may_end.set()
    assert await lasting == 0


async def test_a_long_read_with_nobody_behind_it_is_not_looked_after(engine: Engine) -> None:
    looks = 0

    class Watched(SqliteReads):
        def _relieve(self, loop: asyncio.AbstractEventLoop) -> None:
            nonlocal looks
            looks += 1
            super()._relieve(loop)

    reads, long = Watched(engine, 1), LongRead()
    lasting = asyncio.create_task(reads.read(long))
    await long.begun()
    before = looks
    # Twice what comes behind a look that is due already, and behind one that it would make due.
    for _ in range(2):
        passed = asyncio.Event()
        asyncio.get_running_loop().call_later(LONG, passed.set)
        await passed.wait()
    assert looks - before <= 1
    long.may_end.set()
    assert await lasting == 0
    await reads.close()


async def test_a_read_that_fails_costs_the_others_nothing(reads: SqliteReads) -> None:
    def fail(_connection: Connection) -> int:
        raise ProgrammingError("", None, ValueError())

    asked = (reads.read(query) for query in (count, fail, count))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [int, ProgrammingError, int]


async def test_all_who_wait_are_told_that_it_cannot_be_opened(tmp_path: Path) -> None:
    reads = SqliteReads(open_engine(tmp_path), 1)
    asked = (reads.read(count) for _ in range(3))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    await reads.close()
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3


async def test_what_was_asked_for_is_answered_before_it_is_closed(
    reads: SqliteReads,
) -> None:
    asked = asyncio.create_task(reads.read(count))
    # It has asked, and no thread has been told yet.
    await asyncio.sleep(0)
    await reads.close()
    assert await asked == 0
    with pytest.raises(StoreUnavailable, match="closed"):
        await reads.read(count)


def open_engine(path: Path) -> Engine:
    about = {"check_same_thread": False, "isolation_level": None}
    return create_engine(f"sqlite:///{path}", pool_size=2, connect_args=about)


class LongRead:
    """Sees what there is, and then lasts until it may end."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self._has_begun = threading.Event()

    def __call__(self, connection: Connection) -> int:
        seen = count(connection)
        self._has_begun.set()
        assert self.may_end.wait(PATIENCE)
        return seen

    async def begun(self) -> None:
        assert await asyncio.to_thread(self._has_begun.wait, PATIENCE)


def run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)


def add_mark(connection: Connection) -> None:
    run(connection, "INSERT INTO marks VALUES ('one')")


def count(connection: Connection) -> int:
    """By the driver, as prepared statements are run: SQLAlchemy does not know of it."""
    return int(run_plain(connection, "SELECT count(*) FROM marks").fetchone()[0])
