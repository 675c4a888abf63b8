"""A stop finishes what runs and hands the rest over; a kill loses nothing."""

import asyncio
import json
import shutil
import signal
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.bus.mortal import lives
from tests.bus.process import (
    Calls,
    Poked,
    Process,
    effects,
    let_leases_end,
    letters,
    poke,
    running,
    settled,
    toy,
)
from tests.storage.fixtures import PATIENCE_MS, NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bus.groups.delivery import ATTEMPTS
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.sqlite import SqliteDatabase
from yabot.subscriber import Event

pytestmark = pytest.mark.standard


@pytest.mark.criterion("2.3.4")
async def test_a_stop_finishes_what_runs_and_hands_the_rest_over(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def take_a_while(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        begun.set()
        await go_on.wait()

    users = [str(n) for n in range(20)]
    process = Process(new_database(), redis, {"test": [toy(take_a_while)]})
    await process.start()
    await until(lambda: settled(process.database))
    for user in users:
        await poke(process.commits, user, f"first of {user}")
    await begun.wait()
    stopping = asyncio.create_task(process.worker.stop())
    await asyncio.sleep(0)
    for user in users:
        await poke(process.commits, user, f"late of {user}")
    go_on.set()
    await stopping
    # Whatever has begun has taken effect, and SQL knows how far it is, when the stop is over.
    handled = {word for words in (await effects(process.database)).values() for word in words}
    assert handled == set(calls)
    assert f"late of {users[-1]}" not in handled
    await process.stop()

    async with running(new_database, redis, toy(calls.note)) as process:
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {
            user: [f"first of {user}", f"late of {user}"] for user in users
        }
    assert set(calls.values()) == {1}


@pytest.mark.criterion("2.3.4")
async def test_a_handler_that_does_not_end_holds_the_stop_up_for_a_bounded_time(
    new_database: NewDatabase, redis: Redis
) -> None:
    begun = asyncio.Event()

    async def hang(event: Event[Poked], work: UnitOfWork) -> None:
        begun.set()
        await asyncio.Event().wait()

    process = Process(new_database(), redis, {"test": [toy(hang)]}, finish_seconds=0.1)
    await process.start()
    await poke(process.commits, "7", "a", "b")
    await begun.wait()
    async with asyncio.timeout(PATIENCE):
        await process.stop()
    # In so short a time it may not have handed over either.
    await let_leases_end(new_database)
    async with running(new_database, redis, toy()) as process:
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["a", "b"]}
        assert await letters(process.database) == []


@pytest.mark.slow
@pytest.mark.criterion("rel.3", "2.3.1", "2.3.2")
@pytest.mark.parametrize("moment", ["in the handler", "after the commit"])
async def test_kill_9_loses_nothing_and_repeats_nothing(
    migrated_sqlite: Path, tmp_path: Path, moment: str
) -> None:
    """A process of its own handles the events, and is killed by every fifth of its handlings."""
    path = tmp_path / "killed.db"
    shutil.copy(migrated_sqlite, path)
    *killed, last = await asyncio.to_thread(lambda: [*lives(path, moment, mortal_call=5)])
    assert last == 0
    assert len(killed) > 3
    assert set(killed) == {-signal.SIGKILL}

    database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
    await database.open()
    words = [f"{n}" for n in range(10)]
    found = await effects(database)
    (letter,) = await letters(database)
    await database.close()
    assert found == {"7": words, "8": words}
    assert (letter["state"], letter["error_code"]) == ("dead", "RuntimeError")
    assert letter["attempts"] == ATTEMPTS
    assert json.loads(letter["envelope"])["payload"] == {"word": "poison"}
