"""A store that is away uses up no attempts; without Redis events are read from the log."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial

import pytest
from redis.asyncio import Redis

from tests.bus.log import committed, streams
from tests.bus.looking import look
from tests.bus.process import (
    Calls,
    Poked,
    Process,
    effects,
    letters,
    poke,
    running,
    settled,
    toy,
)
from tests.outages.proxy import at_port, proxying
from tests.ports import free_port
from tests.storage.fixtures import PATIENCE_MS, NewDatabase
from tests.uris import moved_to, port_of
from tests.waiting import until
from yabot.bus.connection import connect
from yabot.bus.groups.delivery import ATTEMPTS
from yabot.bus.groups.positions import declare_groups
from yabot.errors import StoreUnavailable
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event


@pytest.mark.criterion("2.3.2")
async def test_a_handler_whose_store_is_away_waits_and_uses_up_no_attempt(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()

    async def read_the_document(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls["a"] <= ATTEMPTS:
            raise StoreUnavailable("MongoDB", "no answer")

    async with running(new_database, redis, toy(read_the_document)) as process:
        await poke(process.commits, "7", "a", "b")
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["a", "b"]}
        assert await letters(process.database) == []
    assert calls["a"] == ATTEMPTS + 1


@pytest.mark.criterion("2.3.2")
async def test_sql_away_in_the_middle_of_an_event_uses_up_no_attempt(
    new_database: NewDatabase, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    calls = Calls()

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls["a"] == 1:
            raise RuntimeError("the one failure that counts")
        if calls["a"] == 2:
            process.database.gate.reason = "the network is gone"

    outside = new_database()
    await outside.open()
    async with running(new_database, redis, toy(handle)) as process:
        with caplog.at_level(logging.DEBUG):
            await poke(process.commits, "7", "a", "b")
            await until(waiting_was_told(caplog, 4))
        # Once as a warning, though it goes on.
        levels = [record.levelno for record in caplog.records if is_of_waiting(record)]
        assert levels.count(logging.WARNING) == 1
        (letter,) = await letters(outside)
        assert (letter["state"], letter["attempts"]) == ("retrying", 1)
        process.database.gate.reason = None
        await until(lambda: settled(outside))
        assert await effects(outside) == {"7": ["a", "b"]}
        assert await letters(outside) == []
    await outside.close()


@pytest.mark.criterion("2.1.3")
async def test_without_redis_events_take_effect_within_seconds(new_database: NewDatabase) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}"
    async with (
        connect(nowhere, password=None, max_pool_size=4, timeout_ms=PATIENCE_MS) as redis,
        running(new_database, redis, toy()) as process,
    ):
        for n in range(5):
            await poke(process.commits, "7", f"{n}")
            await poke(process.commits, "8", f"{n}")
        await until(lambda: settled(process.database))
        words = [f"{n}" for n in range(5)]
        assert await effects(process.database) == {"7": words, "8": words}


@pytest.mark.criterion("2.1.3")
async def test_without_redis_each_look_takes_on_what_the_log_has(
    new_database: NewDatabase, redis: Redis
) -> None:
    """Also right after a look that has found something: that was not brought by the feed."""
    process = Process(new_database(), redis, {"test": [toy()]})
    group = process.groups["test"]
    await process.database.open()
    await process.database.write(declare_groups(["test"]))
    await look(group)
    words: list[str] = []
    for n in range(3):
        words.append(f"{n}")
        await poke(process.commits, "7", words[-1])
        await look(group)
        await until(partial(have_effect, process, words))
    await process.stop()


@pytest.mark.criterion("2.1.3", "2.3.1")
async def test_redis_that_goes_and_comes_changes_nothing(
    new_database: NewDatabase, redis_db: str, redis: Redis
) -> None:
    port = port_of(redis_db)
    calls = Calls()
    words: list[str] = []
    with ExitStack() as stack:
        proxy = stack.enter_context(proxying(at_port(port)))
        client = connect(
            moved_to(redis_db, proxy.port), password=None, max_pool_size=4, timeout_ms=2000
        )
        async with client, running(new_database, client, toy(calls.note)) as process:
            for harm in (proxy.refuse, proxy.mend, proxy.swallow, proxy.mend, proxy.cut):
                harm()
                for _ in range(5):
                    words.append(f"{harm.__name__} {len(words)}")
                    await poke(process.commits, "7", words[-1])
                await until(lambda: settled(process.database))
                assert await effects(process.database) == {"7": words}

            async def replayed() -> bool:
                return await streams(redis) == await committed(process.database)

            await until(replayed)
    assert set(calls.values()) == {1}


async def have_effect(process: Process, words: list[str]) -> bool:
    return await effects(process.database) == {"7": words}


def waiting_was_told(caplog: pytest.LogCaptureFixture, times: int) -> Callable[[], Awaitable[bool]]:
    async def told() -> bool:
        return sum(is_of_waiting(record) for record in caplog.records) >= times

    return told


def is_of_waiting(record: logging.LogRecord) -> bool:
    return "event.waiting" in str(record.msg)
