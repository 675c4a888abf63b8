"""Processes that share the partitions of a group, each with its own idea of what time it is."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, update
from typing_extensions import override

from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE
from yabot.clock import uptime
from yabot.log.assignment import Assignee, Assignment
from yabot.log.lease import Lease
from yabot.log.leases import RENEW_EVERY, SharedLeases
from yabot.log.tables import group_members, partition_owners
from yabot.storage.relational.database import Database

EVERYTHING = set(range(PARTITIONS))
# None ends on a busy machine: only when a test lets time pass.
LEASE_SECONDS = 10 * PATIENCE


@dataclass
class Clock:
    """Of one machine: it goes as the database's does, and further when it is told to."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return uptime() + self.seconds


class Worker(Assignee):
    """Notes what it is told; the next ``faults`` come before it has heard."""

    def __init__(self) -> None:
        self.given: list[Lease] = []
        self.taken_back: list[Lease] = []
        self.faults: list[Exception] = []

    @override
    async def assigned(self, leases: Sequence[Lease]) -> None:
        if self.faults:
            raise self.faults.pop()
        assert not any(lease.is_open for lease in leases)
        self.given.extend(leases)

    @override
    async def revoked(self, leases: Sequence[Lease]) -> None:
        if self.faults:
            raise self.faults.pop()
        self.taken_back.extend(leases)


@dataclass
class Member:
    """One process, without its loops."""

    database: Database
    group: str = "test"
    lease_seconds: float = LEASE_SECONDS
    every: float = RENEW_EVERY
    worker: Worker = field(default_factory=Worker)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.leases = SharedLeases(self.database, self.lease_seconds)
        self.assignment = Assignment(
            self.group, PARTITIONS, self.leases, every=self.every, now=self.clock
        )
        self.assignment.assignee = self.worker

    @property
    def held(self) -> set[int]:
        return set(self.assignment.partitions)

    async def look(self) -> None:
        await self.assignment.run_once()

    async def may_commit(self, lease: Lease) -> bool:
        """Whether the fencing token of the lease is the one that SQL names."""
        return await self.database.read(lambda connection: owns(connection, self.group, lease))


def owns(connection: Connection, group: str, lease: Lease) -> bool:
    where = (partition_owners.c.name == group) & (partition_owners.c.partition == lease.partition)
    row = connection.execute(partition_owners.select().where(where)).one()
    return bool(row.token == lease.token and row.member is not None)


async def pass_time(database: Database, seconds: float, *members: Member) -> None:
    """For everybody, and on the database's clock."""
    for member in members:
        member.clock.seconds += seconds
    await set_clock(database, seconds)


async def set_clock(database: Database, seconds: float) -> None:
    """Of the database, so much ahead: whatever was to end is so much nearer to its end."""

    def shift(connection: Connection, table: Table) -> None:
        ends = table.c.expires_us - int(seconds * 1_000_000)
        connection.execute(update(table).values(expires_us=ends))

    def shift_both(connection: Connection) -> None:
        for table in (group_members, partition_owners):
            shift(connection, table)

    await database.write(shift_both)
