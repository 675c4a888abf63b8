"""What a group asks of SQL when it looks at the log, and what it must not overlook by that."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from tests.bus.looking import look
from tests.bus.process import Process, effects, opened, poke, running, settled, toy
from tests.bus.statements import parameters, statements
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bus.groups.building import build_group
from yabot.bus.groups.pace import Pace
from yabot.bus.groups.positions import log_ends
from yabot.log.leases import SoleLeases
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Statement

Hook = Callable[[], Awaitable[None]]


async def test_a_start_with_nothing_to_do_reads_failures_once_and_no_events(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with opened(new_database, redis) as process:
        with statements() as seen:
            await look(process.groups["test"])
    assert not [each for each in seen if "outbox.envelope" in each]
    # Those of events that are being tried, and those that an operator wants tried again.
    assert len([each for each in seen if "FROM dead_letters" in each]) == 2


async def test_what_is_published_while_a_group_looks_is_taken_on_by_that_look(
    new_database: NewDatabase, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the log, as it was read, is out of date by then."""
    async with opened(new_database, redis) as process:
        group = process.groups["test"]

        async def publish(*words: str) -> None:
            """Only the last one is brought by the feed."""
            for word in words:
                (entry,) = (await poke(process.commits, "7", word)).events
            group.offer(entry.partition, [entry])

        async def have_effect(*words: str) -> bool:
            return await effects(process.database) == {"7": [*words]}

        behind_the_end_of_the_log(monkeypatch, process, partial(publish, "a"))
        await look(group)
        await until(partial(have_effect, "a"))
        behind_the_end_of_the_log(monkeypatch, process, partial(publish, "b", "c"))
        await look(group)
        await until(partial(have_effect, "a", "b", "c"))


async def test_what_the_feed_brings_while_a_group_looks_is_no_sign_of_an_older_log(
    new_database: NewDatabase, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is beyond the end of the log, as that was read."""
    async with opened(new_database, redis) as process:
        group = process.groups["test"]

        async def publish() -> None:
            (entry,) = (await poke(process.commits, "7", "a")).events
            group.offer(entry.partition, [entry])

        await look(group)
        behind_the_end_of_the_log(monkeypatch, process, publish)
        with capture_logs() as said:
            await look(group)
        assert "log.rewound" not in [each["event"] for each in said]
        await until(lambda: settled(process.database))
        assert await effects(process.database) == {"7": ["a"]}


async def test_nobody_is_ahead_of_the_log(
    new_database: NewDatabase, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled is compared with where the log ended before it came."""
    async with opened(new_database, redis) as process:
        group = process.groups["test"]

        async def handle() -> None:
            (entry,) = (await poke(process.commits, "7", "a")).events
            group.offer(entry.partition, [entry])
            await until(lambda: settled(process.database))

        await look(group)
        behind_the_end_of_the_log(monkeypatch, process, handle)
        await look(group)
        assert REGISTRY.get_sample_value("yabot_group_lag_events", {"group": "test"}) == 0


async def test_only_positions_that_have_moved_are_marked(
    new_database: NewDatabase, redis: Redis
) -> None:
    async with running(new_database, redis, toy()) as process:
        for n in range(2):
            with parameters("UPDATE group_positions") as seen:
                (entry,) = (await poke(process.commits, "7", f"{n}")).events
                await until(lambda: settled(process.database))
            assert [each["number"] for each in seen] == [entry.partition]


async def test_who_has_stopped_marks_no_positions_any_more(
    new_database: NewDatabase, redis: Redis
) -> None:
    """Whatever has happened to them since: another may work there."""
    loop, marks_are_due = asyncio.get_running_loop(), asyncio.Event()
    pace = Pace(mark_after=0.2)
    async with opened(new_database, redis) as process:
        group = build_group("test", [toy()], process.commits, SoleLeases(PARTITIONS), pace)
        await poke(process.commits, "7", "once")
        await look(group)
        await group.stop(PATIENCE)
        await process.database.flush()
        with statements() as seen:
            loop.call_later(2 * pace.mark_after, marks_are_due.set)
            await marks_are_due.wait()
            await process.database.flush()
        assert not [each for each in seen if "UPDATE group_positions" in each]
        assert await settled(process.database)


def behind_the_end_of_the_log(
    monkeypatch: pytest.MonkeyPatch, process: Process, happen: Hook
) -> None:
    """In the look that comes, right after it was read where the log ends."""
    database = process.database

    async def read(query: Statement[Any]) -> Any:
        found = await type(database).read(database, query)
        # It is read once more before, for partitions that are only about to be taken.
        if query is log_ends and process.groups["test"].partitions:
            monkeypatch.undo()
            await happen()
        return found

    monkeypatch.setattr(database, "read", read)
