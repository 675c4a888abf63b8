"""A dead letter that is tried again takes effect once, or stays dead and says why."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import Connection, delete, update

from tests.bus.dead_letters import operating
from tests.bus.dead_letters.mending import Mendable, Poison, poisoned, until_states
from tests.bus.looking import look
from tests.bus.process import Poked, Process, effects, letters, poke, settled, toy
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.bus.dead_letters.service import DeadLetters
from yabot.bus.tables import dead_letters
from yabot.errors import StoreUnavailable
from yabot.log.tables import outbox, receipts
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event

Handler = Callable[[Event[Any], UnitOfWork], Awaitable[None]]


def service(process: Process) -> DeadLetters:
    return DeadLetters(process.database)


async def retry(process: Process, *ids: int) -> None:
    """Without waiting for the worker's next look."""
    await operating.retry(process.database, ids)
    process.groups["test"].loop.wake()


async def die(process: Process, *words: str, user: str = "7") -> None:
    await poke(process.commits, user, *words)
    await until(lambda: settled(process.database))


@pytest.mark.criterion("2.3.2")
async def test_what_has_been_mended_takes_effect_once(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        handler.mend()
        await retry(process, 1)
        await until_states(process.database, "resolved")
        assert await operating.retry(process.database, [1]) == []
        assert await effects(process.database) == {"7": ["poison"]}
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        assert await effects(process.database) == {"7": ["poison"]}
    assert handler.calls == ["poison", "poison"]


async def test_what_fails_again_stays_dead_with_its_new_reason(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        handler.error = RuntimeError("something else")
        for attempts in (2, 3):
            await retry(process, 1)
            await until_states(process.database, "dead")
            (letter,) = await letters(process.database)
            assert (letter["attempts"], letter["error_code"]) == (attempts, "RuntimeError")
            assert letter["error"].startswith("RuntimeError at ")
        handler.mend()
        await retry(process, 1)
        await until_states(process.database, "resolved")
        assert await effects(process.database) == {"7": ["poison"]}


async def test_a_late_event_is_refused_unless_its_subscriber_takes_it(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    subscribers = [
        handler.subscriber("strict", late="refuse"),
        handler.subscriber("easy", late="apply"),
    ]
    async with poisoned(new_database, redis, *subscribers) as process:
        await die(process, "poison", "later")
        handler.mend()
        await retry(process, 1, 2)
        await until_states(process.database, "dead", "resolved")
        refused = await service(process).get(1)
        assert await effects(process.database, "strict") == {"7": ["later"]}
        assert await effects(process.database, "easy") == {"7": ["later", "poison"]}
    assert refused.error_code == "retry_refused"
    assert refused.error == (
        "a later toy_poked of this user has taken effect, and 'strict' takes none out of order; "
        "discard it with a note"
    )


async def test_another_users_later_event_makes_nobody_late(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        await die(process, "later", user="8")
        handler.mend()
        await retry(process, 1)
        await until_states(process.database, "resolved")


async def test_several_dead_letters_of_one_user_take_effect_in_their_order(
    new_database: NewDatabase, redis: Redis
) -> None:
    """After a day on which nothing worked: those that come later have not taken effect either."""
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison 1", "poison 2", "poison 3")
        handler.mend()
        await retry(process, 3, 1, 2)
        await until_states(process.database, "resolved", "resolved", "resolved")
        assert await effects(process.database) == {"7": ["poison 1", "poison 2", "poison 3"]}


async def test_one_that_a_resolved_letter_has_overtaken_is_late(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison 1", "poison 2")
        handler.mend()
        await retry(process, 2)
        await until_states(process.database, "dead", "resolved")
        await retry(process, 1)
        await until_refused(process, 1)
        assert await effects(process.database) == {"7": ["poison 2"]}


async def test_one_that_the_log_has_forgotten_is_late_whatever_has_come_since(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        await process.database.write(forget_the_log)
        handler.mend()
        await retry(process, 1)
        await until_refused(process, 1)
        assert "so old that the log does not know" in (await service(process).get(1)).error


async def test_a_letter_whose_subscriber_is_gone_says_so(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with poisoned(new_database, redis, Mendable().subscriber("gone")) as process:
        await die(process, "poison")
    async with poisoned(new_database, redis, toy(name="another")) as process:
        await retry(process, 1)
        await until_refused(process, 1)
        told = (await service(process).get(1)).error
    assert told.startswith("there is no subscriber 'gone' any more; discard it")


async def test_what_was_wanted_while_nobody_worked_is_done_at_the_next_start(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        await process.worker.stop()
        await retry(process, 1)
    handler.mend()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await until_states(process.database, "resolved")
        assert await effects(process.database) == {"7": ["poison"]}


async def test_a_store_that_is_away_leaves_it_waiting(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    async with poisoned(new_database, redis, handler.subscriber()) as process:
        await die(process, "poison")
        handler.error = StoreUnavailable("MongoDB", "no answer")
        await retry(process, 1)

        async def tried_thrice() -> bool:
            return len(handler.calls) >= 3

        await until(tried_thrice)
        (letter,) = await letters(process.database)
        assert (letter["state"], letter["attempts"], letter["error_code"]) == (
            "retry",
            1,
            Poison.code,
        )
        handler.mend()
        await until_states(process.database, "resolved")
        assert await effects(process.database) == {"7": ["poison"]}


async def test_one_that_is_discarded_while_it_is_tried_has_no_effect(
    new_database: NewDatabase, redis: Redis
) -> None:
    async def discard(event: Event[Poked], work: UnitOfWork) -> None:
        if handler.error is None:
            await operating.discard(process.database, [1], "changed my mind")
        await handler.handle(event, work)

    handler = Mendable()
    async with poisoned(new_database, redis, toy(discard)) as process:
        await die(process, "poison")
        handler.mend()
        await retry(process, 1)
        await until_states(process.database, "discarded")

        async def tried() -> bool:
            return len(handler.calls) > 1

        await until(tried)
        await die(process, "after")
        assert await effects(process.database) == {"7": ["after"]}
        assert (await service(process).get(1)).note == "changed my mind"


async def test_the_worker_takes_up_twenty_at_a_time(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    for user in ("7", "8"):  # so many at once would stop the group
        async with poisoned(new_database, redis, handler.subscriber()) as process:
            await die(process, *[f"poison {n}" for n in range(15)], user=user)
    handler.mend()
    process = Process(new_database(), redis, {"test": [handler.subscriber()]})
    await process.database.open()
    await operating.retry(process.database, [row["id"] for row in await letters(process.database)])
    for resolved in (20, 30):
        await look(process.groups["test"])
        await until(number_resolved(process, resolved))
    await process.stop()


@asynccontextmanager
async def wanting_thirty(
    new_database: NewDatabase, redis: Redis, handle: Handler
) -> AsyncIterator[Process]:
    """A process without its loops, before fifteen letters of one user, then of another, that an
    operator wants tried again."""
    for user in ("7", "8"):  # so many at once would stop the group
        async with poisoned(new_database, redis, Mendable().subscriber()) as process:
            await die(process, *[f"poison {n}" for n in range(15)], user=user)
    process = Process(new_database(), redis, {"test": [toy(handle)]})
    await process.database.open()
    await operating.retry(process.database, [row["id"] for row in await letters(process.database)])
    yield process
    await process.stop()


async def test_letters_of_other_processes_leave_ours_their_turn(
    new_database: NewDatabase, redis: Redis
) -> None:
    handler = Mendable()
    handler.mend()
    async with wanting_thirty(new_database, redis, handler.handle) as process:
        elsewhere = update(dead_letters).where(dead_letters.c.id <= 20).values(partition=PARTITIONS)
        await process.database.write(lambda connection: connection.execute(elsewhere) and None)
        await look(process.groups["test"])
        await until(number_resolved(process, 10))


async def test_letters_that_wait_for_their_turn_leave_others_theirs(
    new_database: NewDatabase, redis: Redis
) -> None:
    may_go_on = asyncio.Event()

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        if event.user_id == "7":
            await may_go_on.wait()

    async with wanting_thirty(new_database, redis, handle) as process:
        for _ in range(2):
            await look(process.groups["test"])
        await until(number_resolved(process, 15))
        may_go_on.set()
        await until(number_resolved(process, 30))


async def until_refused(process: Process, letter_id: int) -> None:
    async def refused() -> bool:
        return (await service(process).get(letter_id)).error_code == "retry_refused"

    await until(refused)


def forget_the_log(connection: Connection) -> None:
    """As retention does."""
    connection.execute(delete(outbox))
    connection.execute(delete(receipts))


def number_resolved(process: Process, number: int) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        found = [row["state"] for row in await letters(process.database)]
        return found.count("resolved") == number

    return so
