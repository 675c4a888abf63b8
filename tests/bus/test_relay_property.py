"""Whatever happens in whatever order, a stream is a beginning of the log, and at last all of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.bus.log import ALL, forget_marks, lose_tail, placed, streams
from tests.storage.dumps import rows_of
from tests.storage.fixtures import fresh_copy, new_commits
from tests.storage.units import telling
from yabot.bus import outbox
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams, stream_name
from yabot.events.partition import Entry
from yabot.errors import StoreUnavailable
from yabot.storage.relational.commit_log import CommitLog
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import outbox as outbox_table


@dataclass(frozen=True)
class Commit:
    user: str
    events: int


@dataclass(frozen=True)
class Run:
    """The relay runs; with ``cut_off`` it dies after so many turns of the loop."""

    cut_off: int | None


@dataclass(frozen=True)
class Place:
    """The relay dies between placing and sending."""


@dataclass(frozen=True)
class Unmark:
    """The marks of what was published are lost."""


@dataclass(frozen=True)
class Lose:
    """Redis loses the end of a stream."""

    partition: int
    keep: int


Step = Commit | Run | Place | Unmark | Lose
steps = st.lists(
    st.one_of(
        st.builds(Commit, st.sampled_from(["7", "8", "9"]), st.integers(1, 3)),
        st.builds(Commit, st.sampled_from(["7", "8", "9"]), st.integers(1, 3)),
        st.builds(Run, st.none() | st.integers(0, 40)),
        st.builds(Place),
        st.builds(Unmark),
        st.builds(Lose, st.sampled_from(ALL), st.integers(0, 3)),
    ),
    max_size=14,
)


@dataclass
class World:
    database: Database
    commits: CommitLog
    redis: Redis
    relay: Relay = field(init=False)
    committed: int = 0

    def __post_init__(self) -> None:
        self.relay = self.new_relay()

    def new_relay(self) -> Relay:
        return Relay(self.database, Streams(self.redis))

    async def take(self, step: Step) -> None:
        match step:
            case Commit(user, events):
                self.committed += 1
                await self.commits.commit(telling(f"{self.committed}", user, events))
            case Run(None):
                await self.relay.run_once()
            case Run(cut_off):
                await self._cut_off(cut_off or 0)
            case Place():
                await self.database.write(outbox.place)
                self.relay = self.new_relay()
            case Unmark():
                await forget_marks(self.database)
            case Lose(partition, keep):
                await lose_tail(self.redis, partition, keep)

    async def _cut_off(self, turns: int) -> None:
        running = asyncio.create_task(self.relay.run_once())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])
        self.relay = self.new_relay()

    async def log(self) -> dict[int, list[str]]:
        """The model: with one commit after the other, the log's order is that of its rows."""
        found: dict[int, list[str]] = {n: [] for n in ALL}
        for row in await rows_of(self.database, outbox_table):
            found[row["partition"]].append(row["envelope"])
        return found


@asynccontextmanager
async def world(migrated: Path, redis: Redis) -> AsyncIterator[World]:
    await redis.delete(*(stream_name(n) for n in ALL))
    async with fresh_copy(migrated) as database:
        yield World(database, new_commits(database), redis)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=steps)
async def test_a_stream_is_always_a_beginning_of_the_log_and_at_last_the_log(
    migrated_sqlite: Path, redis: Redis, history: Sequence[Step]
) -> None:
    async with world(migrated_sqlite, redis) as w:
        for step in history:
            await w.take(step)
            log, found = await w.log(), await streams(redis)
            for n in ALL:
                assert found[n] == log[n][: len(found[n])]
        await w.new_relay().run_once()
        assert await streams(redis) == await w.log() == await placed(w.database)


class Unreliable(Streams):
    """A batch arrives or not, and is acknowledged or not, as the example says."""

    def __init__(self, redis: Redis, fates: Sequence[tuple[bool, bool]]) -> None:
        super().__init__(redis)
        self._fates = list(fates)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> int:
        arrives, answers = self._fates.pop() if self._fates else (True, True)
        pos = await super().append(partition, stands_at, entries) if arrives else 0
        if not (arrives and answers):
            raise StoreUnavailable("Redis", "as the example says")
        return pos


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fates=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
async def test_batches_and_answers_that_get_lost_double_nothing_and_lose_nothing(
    migrated_sqlite: Path, redis: Redis, fates: list[tuple[bool, bool]]
) -> None:
    async with world(migrated_sqlite, redis) as w:
        relay = Relay(w.database, Unreliable(redis, fates))
        for n in range(4):
            await w.take(Commit(str(7 + n % 3), 2))
            await _once(relay)
        while not await _once(relay):
            continue
        await w.new_relay().run_once()
        assert await streams(redis) == await w.log()


async def _once(relay: Relay) -> bool:
    try:
        await relay.run_once()
    except StoreUnavailable:
        return False
    return True
