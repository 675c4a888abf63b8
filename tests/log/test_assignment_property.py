"""Whatever processes do and clocks show: one holder at a time, and in the end each has one."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.log.members import EVERYTHING, LEASE_SECONDS, Member, pass_time, set_clock
from tests.storage.fixtures import PARTITIONS, PATIENCE_MS, PostgresServer
from tests.tiers import examples
from tests.waiting import PATIENCE
from yabot.errors import StoreUnavailable
from yabot.log.lease import Lease
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase

PROCESSES = 3
TENTH = int(LEASE_SECONDS / 10)


@dataclass(frozen=True)
class Look:
    """A renewal, and what follows from it; the store may be away when the assignee looks."""

    process: int
    fails: bool


@dataclass(frozen=True)
class Renew:
    process: int


@dataclass(frozen=True)
class Work:
    """It begins something in each of its partitions, and ends what it has begun before."""

    process: int


@dataclass(frozen=True)
class Replace:
    """By a new one; without a word, it lives on as one that is thought dead."""

    process: int
    leaves: bool


@dataclass(frozen=True)
class Pass:
    seconds: int


@dataclass(frozen=True)
class SetClock:
    """The database's."""

    seconds: int


Step = Look | Renew | Work | Replace | Pass | SetClock
processes = st.integers(0, PROCESSES - 1)
looking = st.builds(Look, processes, st.integers(0, 4).map(lambda n: n == 0))
deeds = (
    st.builds(Renew, processes),
    st.builds(Work, processes),
    st.builds(Replace, processes, st.booleans()),
    # Less than what runs gets to end, and more.
    st.builds(Pass, st.integers(1, 4) | st.integers(1, 8).map(TENTH.__mul__)),
)
setting = st.builds(SetClock, st.sampled_from([-3600, -30, 30, 3600]).map(TENTH.__mul__))
# Shorter ones would hardly come to anything.
steps = st.booleans().flatmap(
    lambda sets: st.lists(
        st.one_of(looking, looking, *deeds, *[setting] * sets), min_size=10, max_size=30
    )
)


@dataclass
class World:
    database: Database
    group: str = field(default_factory=lambda: uuid4().hex)
    # Also those that are thought dead.
    everybody: list[Member] = field(default_factory=list)
    jobs: dict[int, ExitStack] = field(default_factory=dict)
    clock_was_set: bool = False

    def __post_init__(self) -> None:
        self.living = [self.new() for _ in range(PROCESSES)]

    def new(self) -> Member:
        member = Member(self.database, self.group)
        self.everybody.append(member)
        return member

    async def take(self, step: Step) -> None:
        match step:
            case Look(process, fails):
                await self.look(self.living[process], fails=fails)
            case Renew(process):
                await self.living[process].assignment.renew()
            case Work(process):
                self.work(self.living[process])
            case Replace(process, leaves):
                if leaves:
                    await self.living[process].assignment.leave(PATIENCE)
                self.living[process] = self.new()
            case Pass(seconds):
                await pass_time(self.database, seconds, *self.everybody)
            case SetClock(seconds):
                self.clock_was_set = True
                await set_clock(self.database, seconds)

    async def look(self, member: Member, *, fails: bool) -> None:
        if fails:
            member.worker.faults.append(StoreUnavailable("PostgreSQL", "it is away"))
        try:
            await member.look()
        except StoreUnavailable:
            assert fails
        member.worker.faults.clear()

    def work(self, member: Member) -> None:
        jobs = self.jobs.setdefault(id(member), ExitStack())
        jobs.close()
        for lease in open_leases(member):
            jobs.enter_context(lease)

    async def verify(self) -> None:
        """No partition has two holders: by the tokens, and by the clocks unless they are set."""
        able: dict[int, list[Lease]] = defaultdict(list)
        for member in self.everybody:
            for lease in open_leases(member):
                if not self.clock_was_set or await member.may_commit(lease):
                    able[lease.partition].append(lease)
            assert not any(lease.is_open for lease in member.worker.taken_back)
        assert all(len(leases) == 1 for leases in able.values())

    def verify_tokens(self) -> None:
        """Each holder's is higher than that of the one before."""
        held = [
            (lease.partition, lease.token, number)
            for number, member in enumerate(self.everybody)
            for lease in member.worker.given
        ]
        holders = {(partition, token): number for partition, token, number in held}
        assert all(holders[partition, token] == number for partition, token, number in held)

    async def settle(self) -> None:
        """The living go on as they do, for longer than a lease lasts."""
        for jobs in self.jobs.values():
            jobs.close()
        for _ in range(5):
            for member in self.living:
                await member.look()
            await self.verify()
            await pass_time(self.database, 4 * TENTH, *self.everybody)
        shares = [member.held for member in self.living]
        assert set().union(*shares) == EVERYTHING
        assert sum(map(len, shares)) == PARTITIONS
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def open_leases(member: Member) -> Iterator[Lease]:
    return (lease for lease in member.worker.given if lease.is_open)


@asynccontextmanager
async def world(url: str) -> AsyncIterator[World]:
    database = PostgresDatabase(url, pool_size=1, timeout_ms=PATIENCE_MS)
    await database.open()
    yield World(database)
    await database.close()


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_migrated()
    yield postgres_server.url_of(name)
    postgres_server.drop(name)


@pytest.mark.slow
@pytest.mark.criterion("scale.3")
@settings(max_examples=examples(60))
@given(steps=steps)
def test_each_partition_has_one_holder_at_a_time_and_is_assigned_in_the_end(
    url: str, steps: Sequence[Step]
) -> None:
    async def live() -> None:
        async with world(url) as lived:
            for step in steps:
                await lived.take(step)
                await lived.verify()
            await lived.settle()
            lived.verify_tokens()

    asyncio.run(live())
