"""What every caller may expect of SQL, whichever engine it is."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError

from tests.log.faults import failing_commit, locked
from tests.log.units import add_receipt, drop_receipt, keep_receipt
from tests.storage.dumps import marks
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.log.tables import receipts
from yabot.storage.relational.database import Database, Statement
from yabot.storage.relational.prepared import Prepared

# Nothing but a lock that is held keeps a statement waiting for so long.
HELD_MS = 1000


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(receipts)).scalar_one()


def returning(n: int) -> Statement[int]:
    return lambda _connection: n


async def test_each_write_hands_its_own_result_to_its_own_awaiter(database: Database) -> None:
    results = await asyncio.gather(*(database.write(returning(n)) for n in range(50)))
    assert results == list(range(50))


async def test_a_write_that_fails_takes_nothing_of_the_others_with_it(database: Database) -> None:
    def work(n: int) -> Statement[int]:
        def add(connection: Connection) -> int:
            add_receipt(f"cause {n:02}")(connection)
            if n % 3 == 0:
                raise GuardFailed(f"number {n}")
            return n

        return add

    outcomes = await asyncio.gather(
        *(database.write(work(n)) for n in range(30)), return_exceptions=True
    )
    for n, outcome in enumerate(outcomes):
        if n % 3 == 0:
            assert isinstance(outcome, GuardFailed)
            assert str(outcome) == f"number {n}"
        else:
            assert outcome == n
    assert await marks(database) == [f"cause {n:02}" for n in range(30) if n % 3]


async def test_what_was_written_is_read(database: Database) -> None:
    await database.write(add_receipt("one"))
    assert await database.read(count) == 1


@pytest.mark.parametrize("prepared", [True, False])
async def test_a_read_sees_one_moment_however_its_statements_are_run(
    database: Database, prepared: bool
) -> None:
    counting = select(func.count()).select_from(receipts)
    plan = Prepared(counting)

    def ask(connection: Connection) -> int:
        found = plan.first(connection, {}) if prepared else connection.execute(counting).first()
        assert found is not None
        return int(found[0])

    def look_twice(connection: Connection) -> tuple[int, int]:
        before = ask(connection)
        with database.engine.begin() as other:
            add_receipt("meanwhile")(other)
        return before, ask(connection)

    assert await database.read(look_twice) == (0, 0)
    assert await database.read(ask) == 1


async def test_a_broken_rule_of_the_tables_stays_what_it_is(database: Database) -> None:
    await database.write(add_receipt("one"))
    with pytest.raises(IntegrityError):
        await database.write(add_receipt("one"))
    assert await marks(database) == ["one"]


@pytest.mark.standard
async def test_a_held_lock_is_a_store_that_is_away_and_leaves_nothing(
    new_database: NewDatabase,
) -> None:
    database, other = new_database(timeout_ms=HELD_MS), new_database()
    await database.open()
    with locked(other.engine), pytest.raises(StoreUnavailable, match="is not available"):
        await database.write(add_receipt("one"))
    assert await marks(database) == []
    await database.write(add_receipt("two"))
    assert await marks(database) == ["two"]
    await database.close()
    other.engine.dispose()


async def test_a_commit_that_fails_leaves_nothing_of_any_write(database: Database) -> None:
    with failing_commit(database.engine):
        outcomes = await asyncio.gather(
            *(database.write(add_receipt(f"cause {n}")) for n in range(5)),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 5
    assert await marks(database) == []


async def test_a_reader_stays_on_one_snapshot(database: Database) -> None:
    has_read, written = threading.Event(), threading.Event()

    def read_twice(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        has_read.set()
        assert written.wait(PATIENCE)
        return before, count(connection)

    reading = asyncio.create_task(database.read(read_twice))
    assert await asyncio.to_thread(has_read.wait, PATIENCE)
    await database.write(add_receipt("meanwhile"))
    written.set()
    assert await reading == (0, 0)
    assert await database.read(count) == 1


async def test_reads_that_fail_cost_those_beside_them_nothing(database: Database) -> None:
    def read(connection: Connection) -> int:
        return count(connection)

    def fail(connection: Connection) -> int:
        connection.exec_driver_sql("SELECT 1 FROM nowhere")
        raise AssertionError

    outcomes = await asyncio.gather(
        *(database.read(fail if n % 3 == 0 else read) for n in range(30)), return_exceptions=True
    )
    for n, outcome in enumerate(outcomes):
        assert isinstance(outcome, Exception) if n % 3 == 0 else outcome == 0


async def test_a_long_read_holds_up_nobody_who_asks_behind_it(database: Database) -> None:
    reads, go_on = threading.Event(), threading.Event()

    def read_long(connection: Connection) -> int:
        reads.set()
        assert go_on.wait(PATIENCE)
        return count(connection)

    reading = asyncio.create_task(database.read(read_long))
    assert await asyncio.to_thread(reads.wait, PATIENCE)
    async with asyncio.timeout(PATIENCE):
        assert await asyncio.gather(*(database.read(count) for _ in range(20))) == [0] * 20
    assert not reading.done()
    go_on.set()
    assert await reading == 0


async def test_whoever_has_written_reads_it_however_many_read(database: Database) -> None:
    async def write_and_read(number: int) -> bool:
        await database.write(add_receipt(f"cause {number}"))
        return f"cause {number}" in await marks(database)

    assert all(await asyncio.gather(*(write_and_read(n) for n in range(100))))


async def test_whoever_stops_waiting_disturbs_nobody(database: Database) -> None:
    writes = [asyncio.create_task(database.write(add_receipt(f"cause {n}"))) for n in range(6)]
    await asyncio.sleep(0)
    writes[0].cancel()
    writes[3].cancel()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [0, 3]
    assert {f"cause {n}" for n in (1, 2, 4, 5)} <= set(await marks(database))


async def test_nothing_submitted_is_lost_at_close(new_database: NewDatabase) -> None:
    database = new_database()
    await database.open()
    writes = [asyncio.create_task(database.write(add_receipt(f"write {n:02}"))) for n in range(20)]
    await asyncio.sleep(0)
    for n in range(20):
        database.write_later(keep_receipt(f"later {n:02}"))
    await database.close()
    await asyncio.gather(*writes)

    again = new_database()
    await again.open()
    expected = [f"later {n:02}" for n in range(20)] + [f"write {n:02}" for n in range(20)]
    assert await marks(again) == expected
    await again.close()


@pytest.mark.standard
async def test_closing_while_sql_is_away_ends_nevertheless(new_database: NewDatabase) -> None:
    database, other = new_database(timeout_ms=HELD_MS), new_database()
    before = set(threading.enumerate())
    await database.open()
    database.write_later(drop_receipt("one"))
    with locked(other.engine):
        await database.close()
    assert threads_since(before) == []
    other.engine.dispose()


async def test_a_start_may_open_again_what_it_has_opened(new_database: NewDatabase) -> None:
    database = new_database()
    before = set(threading.enumerate())
    await database.open()
    await database.open()
    await database.write(add_receipt("one"))
    await database.close()
    assert threads_since(before) == []


async def test_a_closed_database_says_so_and_may_be_closed_again(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    await database.open()
    await database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await database.write(add_receipt("one"))
    await database.close()


def threads_since(before: set[threading.Thread]) -> list[str]:
    """A thread that is left over would keep the program from ending."""
    left = [thread.name for thread in set(threading.enumerate()) - before]
    return [name for name in left if name.startswith(("sqlite", "postgres"))]


async def test_a_statement_that_runs_out_of_what_it_goes_through_keeps_nobody_waiting(
    database: Database,
) -> None:
    """No future takes a StopIteration."""

    def runs_out(_connection: Connection) -> int:
        return next(iter(list[int]()))

    for ask in (database.write, database.read):
        async with asyncio.timeout(PATIENCE):
            outcomes = await asyncio.gather(
                ask(returning(1)), ask(runs_out), ask(returning(2)), return_exceptions=True
            )
        assert [outcomes[0], type(outcomes[1]), outcomes[2]] == [1, RuntimeError, 2]
