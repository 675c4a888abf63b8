"""Positions count from 1 without gaps in each partition, and become visible in their order."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count, islice

import pytest
from sqlalchemy import ExceptionContext, event

from tests.log.units import stepping, telling, unit
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase, new_commits
from yabot.bus.outbox import Mark, entries_after, mark_published
from yabot.errors import GuardFailed
from yabot.events.operations import UserInteraction
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox, partitions
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

ALL = range(PARTITIONS)
DEADLOCK = "40P01"


class Reader:
    """Reads on from the last position that it has seen, as whoever follows the log does."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.seen: Counter[int] = Counter(dict.fromkeys(ALL, 0))

    async def look(self) -> None:
        for n in ALL:
            entries = await self._database.read(entries_after(n, self.seen[n]))
            expected = range(self.seen[n] + 1, self.seen[n] + 1 + len(entries))
            assert [entry.pos for entry in entries] == list(expected)
            self.seen[n] += len(entries)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """All the while; and once more in the end."""
        stop = asyncio.Event()

        async def look_on() -> None:
            while not stop.is_set():
                await self.look()

        looking = asyncio.create_task(look_on())
        yield
        stop.set()
        await looking
        await self.look()


async def assert_whole(database: Database) -> None:
    """Each partition's positions are 1, 2, … up to its last one."""
    found: dict[int, list[int]] = {n: [] for n in ALL}
    for row in await rows_of(database, outbox):
        found[row["partition"]].append(row["pos"])
    for row in await rows_of(database, partitions):
        assert found[row["partition"]] == list(range(1, row["last_pos"] + 1))


def users_of(partition: int, number: int) -> list[str]:
    """Ids of users whose events go there."""
    ids = (str(n) for n in count(1))
    return list(islice((u for u in ids if partition_of(u, PARTITIONS) == partition), number))


async def test_units_at_once_give_each_position_once(
    database: Database, commits: CommitLog
) -> None:
    reader = Reader(database)
    async with reader.looking():
        await asyncio.gather(
            *(commits.commit(telling(f"{n}", str(n), times=1 + n % 3)) for n in range(40))
        )
    assert reader.seen.total() == sum(1 + n % 3 for n in range(40))
    await assert_whole(database)


async def test_a_unit_that_fails_takes_no_position(database: Database, commits: CommitLog) -> None:
    await commits.commit(stepping("create", "7", 0))
    for n in range(3):
        late = stepping(f"late {n}", "7", 5)
        late.events = telling("late", "7", times=2).events
        with pytest.raises(GuardFailed):
            await commits.commit(late)
        await commits.commit(telling(f"in time {n}", "7"))
    await assert_whole(database)
    assert len(await rows_of(database, outbox)) == 3


async def test_no_reader_sees_a_gap_while_two_processes_commit(new_postgres: NewDatabase) -> None:
    """Each unit has a user of its own, so that nothing but the partition holds it up."""
    first, second, third = (new_postgres(pool_size=20) for _ in range(3))
    for database in (first, second, third):
        await database.open()
    logs, reader = (new_commits(first), new_commits(second)), Reader(third)
    async with reader.looking():
        await asyncio.gather(
            *(logs[n % 2].commit(telling(f"{n}", str(n), times=1 + n % 3)) for n in range(40))
        )
    assert reader.seen.total() == sum(1 + n % 3 for n in range(40))
    await assert_whole(third)


@contextmanager
def deadlocks(*databases: Database) -> Iterator[list[str]]:
    """A line for each time that PostgreSQL breaks a ring of those who wait for each other."""
    found: list[str] = []

    def note(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlstate", None) == DEADLOCK:
            found.append(str(context.original_exception))

    for database in databases:
        event.listen(database.engine, "handle_error", note)
    yield found


def telling_all(cause_id: str, user_ids: list[str]) -> UnitOfWork:
    """One event of each of the users, in this order."""
    work = unit(cause_id)
    for user_id in user_ids:
        work.publish(UserInteraction(action=cause_id), user_id)
    return work


async def test_units_over_several_partitions_never_wait_in_a_ring(
    new_postgres: NewDatabase,
) -> None:
    """In opposite order; and marks, which touch the same rows, among them."""
    units = 40
    first, second = new_postgres(pool_size=20), new_postgres(pool_size=20)
    for database in (first, second):
        await database.open()
    logs = (new_commits(first), new_commits(second))
    everywhere = zip(*(users_of(n, units) for n in ALL), strict=True)
    works = [
        telling_all(f"{n}", list(users) if n % 2 else list(reversed(users)))
        for n, users in enumerate(everywhere)
    ]
    marks = [
        mark_published([Mark(n, pos, None) for n in reversed(ALL)]) for pos in range(1, units + 1)
    ]
    with deadlocks(first, second) as found:
        await asyncio.gather(
            *(logs[n % 2].commit(work) for n, work in enumerate(works)), *map(first.write, marks)
        )
    assert found == []
    await assert_whole(first)
    assert len(await rows_of(first, outbox)) == units * PARTITIONS
