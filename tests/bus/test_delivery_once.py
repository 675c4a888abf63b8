"""Each event takes effect once and in order: offered twice, read twice, begun again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial

import pytest
from redis.asyncio import Redis
from sqlalchemy import Connection, update

from tests.bus.process import (
    Calls,
    Poked,
    Process,
    Tickled,
    effects,
    let_leases_end,
    letters,
    poke,
    poking,
    running,
    settled,
    toy,
)
from tests.log.faults import failing_commit
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.storage.losing_answers import LosingAnswers
from tests.waiting import until
from yabot.bus.groups.delivery import ATTEMPTS
from yabot.bus.tables import group_positions
from yabot.errors import StoreUnavailable, TerminalError
from yabot.events.partition import Entry, partition_of
from yabot.log.tables import receipts
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event, Subscriber


def offer(process: Process, *entries: Entry) -> None:
    """As the feed does."""
    for entry in entries:
        process.groups["test"].offer(entry.partition, [entry])


@pytest.mark.criterion("2.3.1")
async def test_an_event_that_is_offered_many_times_takes_effect_once(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    async with running(new_database, redis, toy(calls.note)) as process:
        await until(lambda: settled(process.database))
        committed = [await poke(process.commits, "7", f"{n}") for n in range(5)]
        for _ in range(3):
            for each in committed:
                offer(process, *each.events)
            await asyncio.sleep(0.01)
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["0", "1", "2", "3", "4"]}
    assert set(calls.values()) == {1}


@pytest.mark.criterion("2.3.1")
async def test_a_gap_or_a_wrong_order_in_the_feed_is_filled_from_the_log(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with running(new_database, redis, toy()) as process:
        await until(lambda: settled(process.database))
        await process.feed.stop()
        first, second, third = (await process.commits.commit(poking("7", "1", "2", "3"))).events
        offer(process, third, second, first, third)
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["1", "2", "3"]}


@pytest.mark.criterion("2.3.1")
async def test_every_subscriber_takes_each_event_once_for_itself(
    new_database: NewDatabase, redis: Redis
) -> None:
    subscribers = [toy(name="one"), toy(name="two"), toy(name="three", event=Tickled)]
    async with running(new_database, redis, *subscribers) as process:
        await poke(process.commits, "7", "poke")
        await process.commits.commit(poking("7", "tickle", kind=Tickled))
        await until(lambda: settled(process.database))
        for consumer, words in (("one", "poke"), ("two", "poke"), ("three", "tickle")):
            assert await effects(process.database, consumer) == {"7": [words]}


def forget_positions(connection: Connection) -> None:
    connection.execute(update(group_positions).values(pos=0))


@pytest.mark.criterion("2.3.1")
async def test_a_duplicate_is_done_in_silence_even_if_the_handler_would_fail_now(
    new_database: NewDatabase, redis: Redis
) -> None:
    """As after a kill before the position was written: the event is read again."""
    async with running(new_database, redis, toy()) as process:
        await poke(process.commits, "7", "once")
        await until(lambda: settled(process.database))
    calls = Calls()

    async def refuse(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        raise TerminalError("it has happened already")

    process = Process(new_database(), redis, {"test": [toy(refuse)]})
    await process.database.open()
    await process.database.write(forget_positions)
    await process.start()
    await until(lambda: settled(process.database))
    assert await effects(process.database) == {"7": ["once"]}
    assert await letters(process.database) == []
    assert not calls
    await process.stop()


@pytest.mark.criterion("2.3.1")
@pytest.mark.parametrize("failures_before", [0, 1])
async def test_a_commit_whose_answer_was_lost_is_not_decided_again(
    new_database: NewDatabase, redis: Redis, failures_before: int
) -> None:
    """The handler would find its own effect there, and fail."""
    database = LosingAnswers(new_database())
    calls = Calls()

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls["lost"] <= failures_before:
            raise RuntimeError("not yet")
        if calls["lost"] > failures_before + 1:
            raise TerminalError("it has happened already")
        database.losing = True

    process = Process(database, redis, {"test": [toy(handle)]})
    looks: list[None] = []
    process.commits.on_untold.append(lambda: looks.append(None))
    await process.start()
    await until(lambda: settled(process.database))
    await poke(process.commits, "7", "lost")
    await until(lambda: settled(process.database))
    assert await effects(process.database) == {"7": ["lost"]}
    assert await letters(process.database) == []
    await process.stop()
    assert calls["lost"] == failures_before + 1
    # The followers are sent to look: when the answer is missing, and when it is known to have
    # happened.
    assert len(looks) == 2


@pytest.mark.criterion("rel.3")
async def test_a_commit_that_fails_leaves_nothing_and_is_decided_again(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    broken = ExitStack()

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if calls["a"] == 1:
            broken.enter_context(failing_commit(process.database.engine))
        else:
            broken.close()
            assert await effects(process.database) == ({"7": ["a"]} if calls["b"] else {})

    async with running(new_database, redis, toy(handle)) as process:
        await until(lambda: settled(process.database))
        await poke(process.commits, "7", "a", "b")
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["a", "b"]}
        assert await letters(process.database) == []
    assert calls == {"a": 2, "b": 1}


@pytest.mark.criterion("2.3.1", "rel.3")
async def test_after_a_stop_and_a_start_nothing_is_handled_twice_and_nothing_skipped(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    words = []
    for start in range(4):
        async with running(new_database, redis, toy(calls.note)) as process:
            for n in range(10):
                words.append(f"{start}.{n}")
                await poke(process.commits, "7", words[-1])
            if start % 2:
                await until(partial(settled, process.database))
        # Published while nobody listens.
        database = new_database()
        await database.open()
        words.append(f"{start}.between")
        await poke(Process(database, redis, {}).commits, "7", words[-1])
        await database.close()
    async with running(new_database, redis, toy(calls.note)) as process:
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": words}
    assert set(calls.values()) == {1}


@pytest.mark.criterion("rel.3")
async def test_after_a_death_every_event_takes_effect_once_in_order(
    new_database: NewDatabase, redis: Redis
) -> None:
    users = ("7", "8", "9")
    for start in range(3):
        process = Process(new_database(), redis, {"test": [toy()]})
        await process.start()
        for n in range(10):
            for user in users:
                await poke(process.commits, user, f"{start}.{n}")
        await process.die()
        await let_leases_end(new_database)
    async with running(new_database, redis, toy()) as process:
        await until(lambda: settled(process.database))
        words = [f"{start}.{n}" for start in range(3) for n in range(10)]
        assert await effects(process.database) == dict.fromkeys(users, words)
        assert await letters(process.database) == []


@pytest.mark.criterion("rel.3")
async def test_a_position_never_passes_an_event_that_is_not_done(
    new_database: NewDatabase, redis: Redis
) -> None:
    async def hang(event: Event[Poked], work: UnitOfWork) -> None:
        if event.payload.word == "hang":
            await asyncio.Event().wait()

    process = Process(new_database(), redis, {"test": [toy(hang)]})
    await process.start()
    partition = (await poke(process.commits, "7", "hang")).events[0].partition
    others = {partition_of(str(n), PARTITIONS): str(n) for n in range(100)}
    for user in others.values():
        await poke(process.commits, user, "quick")

    async def others_are_marked() -> bool:
        rows = await rows_of(process.database, group_positions)
        return all(row["pos"] == 1 for row in rows if row["partition"] != partition)

    # Positions are written together: had it been passed, that would be written too.
    await until(others_are_marked)
    await process.die()
    await let_leases_end(new_database)
    async with running(new_database, redis, toy()) as process:
        await until(lambda: settled(process.database))
        assert (await effects(process.database))["7"] == ["hang"]


@pytest.mark.criterion("2.3.2")
async def test_attempts_are_counted_across_restarts(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()

    async def fail(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        raise RuntimeError("never")

    for attempts in (2, 4):
        process = Process(new_database(), redis, {"test": [toy(fail)]})
        await process.start()
        if attempts == 2:
            await poke(process.commits, "7", "poison")
        await until(_noted(process.database, attempts))
        await process.die()
        await let_leases_end(new_database)
    async with running(new_database, redis, toy(fail)) as process:
        await until(lambda: settled(process.database))
        (letter,) = await letters(process.database)
    assert (letter["state"], letter["attempts"]) == ("dead", ATTEMPTS)
    # A death may lose the count of the attempt that it ends.
    assert ATTEMPTS <= calls["poison"] <= ATTEMPTS + 2


@pytest.mark.criterion("3.2.1")
async def test_a_transient_failure_keeps_the_order_of_its_user_and_nobody_else_waits(
    new_database: NewDatabase, redis: Redis
) -> None:
    calls = Calls()
    order: list[tuple[str, str]] = []

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        await calls.note(event, work)
        if event.payload.word == "stumble" and calls["stumble"] < 3:
            raise RuntimeError("not yet")
        if event.payload.word == "stumble" and ("8", "free") not in order:
            # It uses up no attempt: however long the other one takes, this one is not given up.
            raise StoreUnavailable("MongoDB", "not before the other one")
        order.append((event.user_id, event.payload.word))

    async with running(new_database, redis, toy(handle)) as process:
        await until(lambda: settled(process.database))
        await poke(process.commits, "7", "stumble", "after")
        await poke(process.commits, "8", "free")
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["stumble", "after"], "8": ["free"]}
    assert order == [("8", "free"), ("7", "stumble"), ("7", "after")]


async def test_a_handler_that_adds_nothing_leaves_nothing(
    new_database: NewDatabase, redis: Redis
) -> None:
    async def look(event: Event[Poked], work: UnitOfWork) -> None:
        return None

    watcher = Subscriber("watcher", Poked, look)
    async with running(new_database, redis, watcher) as process:
        await poke(process.commits, "7", "look")
        await until(lambda: settled(process.database))
        rows = await rows_of(process.database, receipts)
    assert {row["consumer"] for row in rows} == {"test"}


def _noted(database: Database, attempts: int) -> Callable[[], Awaitable[bool]]:
    async def noted() -> bool:
        return any(row["attempts"] >= attempts for row in await letters(database))

    return noted
