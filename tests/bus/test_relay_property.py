"""Whatever happens in whatever order, a stream is a beginning of the log, and at last all of it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.bus.log import ALL, committed, forget_marks, lose_tail, streams
from tests.bus.relays import new_relay
from tests.log.units import telling
from tests.storage.fixtures import fresh_copy, new_commits
from tests.tiers import examples
from yabot.bus.relay import Relay
from yabot.bus.streams import Appended, Streams, stream_name
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.log.commit_log import CommitLog, Committed
from yabot.storage.relational.database import Database


@dataclass(frozen=True)
class Commit:
    """By the relay's own process, which tells it, or by another one."""

    user: str
    events: int
    told: bool


@dataclass(frozen=True)
class Run:
    """The relay runs; with ``cut_off`` only for so many turns of the loop."""

    cut_off: int | None


@dataclass(frozen=True)
class Die:
    """What the relay was told is forgotten; the next one begins."""


@dataclass(frozen=True)
class Unmark:
    """The marks of what was published are lost."""


@dataclass(frozen=True)
class Lose:
    """Redis loses the end of a stream."""

    partition: int
    keep: int


@dataclass(frozen=True)
class Away:
    """From now on these partitions, and no others, have no node that answers."""

    partitions: frozenset[int]


Step = Commit | Run | Die | Unmark | Lose | Away
commitments = st.builds(
    Commit, st.sampled_from(["7", "8", "9"]), st.integers(1, 3), told=st.booleans()
)
steps = st.lists(
    st.one_of(
        commitments,
        commitments,
        st.builds(Run, st.none() | st.integers(0, 4) | st.integers(0, 40)),
        st.builds(Die),
        st.builds(Unmark),
        st.builds(Lose, st.sampled_from(ALL), st.integers(0, 3)),
        st.builds(Away, st.frozensets(st.sampled_from(ALL))),
    ),
    max_size=14,
)


class Partial(Streams):
    """Of a Cluster, some of whose nodes may be away."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.away: frozenset[int] = frozenset()

    async def position(self, partition: int) -> int:
        self._require(partition)
        return await super().position(partition)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        self._require(partition)
        return await super().append(partition, stands_at, entries)

    def _require(self, partition: int) -> None:
        if partition in self.away:
            raise StoreUnavailable("Redis", "its node is away")


@dataclass
class World:
    database: Database
    commits: CommitLog
    redis: Redis
    causes: int = 0
    # The model: each partition's envelopes in the order of their commits.
    log: dict[int, list[str]] = field(default_factory=lambda: {n: [] for n in ALL})
    # How far the relay must bring each stream when it runs to its end.
    due: Counter[int] = field(default_factory=Counter)
    relay: Relay = field(init=False)
    streams: Partial = field(init=False)

    def __post_init__(self) -> None:
        self.streams = Partial(self.redis)
        self.commits.followers.append(self._remember)
        self._begin()

    def _begin(self) -> None:
        """A new relay brings all that is there at its start, told or not."""
        self.relay = new_relay(self.database, self.streams)
        self.due = Counter({n: len(self.log[n]) for n in ALL})

    def _remember(self, committed: Committed) -> None:
        for entry in committed.events:
            self.log[entry.partition].append(entry.envelope)

    async def take(self, step: Step) -> None:
        match step:
            case Commit():
                await self._commit(step)
            case Run(None):
                await self._run()
                await self._assert_all_that_is_due()
            case Run(cut_off):
                await self._cut_off(cut_off or 0)
            case Die():
                self._begin()
            case Unmark():
                await forget_marks(self.database)
            case Lose(partition, keep):
                await lose_tail(self.redis, partition, keep)
                # The relay finds out at its next event there, or at its next sweep.
                self.due[partition] = min(self.due[partition], keep)
            case Away(partitions):
                self.streams.away = partitions

    async def _commit(self, step: Commit) -> None:
        self.causes += 1
        committed = await self.commits.commit(telling(f"{self.causes}", step.user, step.events))
        if step.told:
            self.relay.notice(committed)
            partition = committed.events[0].partition
            self.due[partition] = len(self.log[partition])

    async def _run(self) -> None:
        """With events for others at hand, what failed before has its turn in the second round."""
        for _ in range(2):
            succeeded = await _once(self.relay)
        assert succeeded or self.streams.away

    async def _cut_off(self, turns: int) -> None:
        """It is the same relay that goes on: what it was doing must not be forgotten."""
        running = asyncio.create_task(self.relay.run_once())
        for _ in range(turns):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.wait([running])

    async def _assert_all_that_is_due(self) -> None:
        found = await streams(self.redis)
        for n in set(ALL) - self.streams.away:
            assert len(found[n]) >= self.due[n]


@asynccontextmanager
async def world(migrated: Path, redis: Redis) -> AsyncIterator[World]:
    await redis.delete(*(stream_name(n) for n in ALL))
    async with fresh_copy(migrated) as database:
        yield World(database, new_commits(database), redis)


@settings(max_examples=examples(60))
@given(history=steps)
async def test_a_stream_is_always_a_beginning_of_the_log_and_at_last_the_log(
    migrated_sqlite: Path, redis: Redis, history: Sequence[Step]
) -> None:
    async with world(migrated_sqlite, redis) as w:
        for step in history:
            await w.take(step)
            found = await streams(redis)
            for n in ALL:
                assert found[n] == w.log[n][: len(found[n])]
        await w.take(Away(frozenset()))
        await w.take(Run(None))
        await w.take(Die())
        await w.take(Run(None))
        assert await streams(redis) == w.log == await committed(w.database)


class Unreliable(Streams):
    """A batch arrives or not, and is acknowledged or not, as the example says."""

    def __init__(self, redis: Redis, fates: Sequence[tuple[bool, bool]]) -> None:
        super().__init__(redis)
        self._fates = list(fates)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        arrives, answers = self._fates.pop() if self._fates else (True, True)
        appended = await super().append(partition, stands_at, entries) if arrives else None
        if appended is None or not answers:
            raise StoreUnavailable("Redis", "as the example says")
        return appended


@settings(max_examples=examples(15))
@given(fates=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
async def test_batches_and_answers_that_get_lost_double_nothing_and_lose_nothing(
    migrated_sqlite: Path, redis: Redis, fates: list[tuple[bool, bool]]
) -> None:
    async with world(migrated_sqlite, redis) as w:
        w.relay = new_relay(w.database, Unreliable(redis, fates))
        for n in range(4):
            await w.take(Commit(str(7 + n % 3), 2, told=True))
            await _once(w.relay)
        while not await _once(w.relay):
            continue
        assert await streams(redis) == w.log


async def _once(relay: Relay) -> bool:
    try:
        await relay.run_once()
    except StoreUnavailable:
        return False
    return True
