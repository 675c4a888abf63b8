"""Who does a group's work in a partition, when several processes share it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    Connection,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    update,
)
from typing_extensions import override
from uuid_utils import uuid4

from yabot.errors import LeaseLost
from yabot.log.tables import group_members, partition_owners, partitions
from yabot.storage.relational.database import Database, Statement, insert_new

# Seconds for which an owner keeps a partition without a renewal.
LEASE_SECONDS = 10.0
# Seconds between two renewals.
RENEW_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Granted:
    """By partition, the fencing token under which this process works: it rises with each owner.

    Some of them are ``revoked``: another process is to have them as soon as they are released. Some
    may be ``orphaned``: taken just now from an owner that has not released them.
    """

    tokens: dict[int, int]
    revoked: frozenset[int] = frozenset()
    orphaned: frozenset[int] = frozenset()


class Leases(Protocol):
    """Stores which process owns which partition. Only ``Assignment`` calls it."""

    @property
    def lease_seconds(self) -> float:
        """How long after a ``renew`` no other process can have what it granted; may be infinite."""
        ...

    async def renew(self, group: str) -> Granted:
        """Renew this process's leases, take the free partitions that are its share, and return all
        that it holds now.

        Raises StoreUnavailable.
        """
        ...

    def check(self, group: str, partition: int, token: int) -> Statement[None] | None:
        """For a unit of work: raises LeaseLost when the partition has another owner."""
        ...

    async def release(self, group: str, tokens: dict[int, int]) -> None:
        """Let other processes take over these partitions at once. Raises StoreUnavailable."""
        ...

    async def leave(self, group: str) -> None:
        """Release all that this process holds, and leave the group. Raises StoreUnavailable."""
        ...


@dataclass(frozen=True, slots=True)
class SoleLeases(Leases):
    """All partitions, for good: on SQLite one process has all roles."""

    partitions: int
    lease_seconds: float = math.inf

    @override
    async def renew(self, group: str) -> Granted:
        """All partitions, as orphaned: nobody knows how the previous process ended."""
        everything = range(self.partitions)
        return Granted(dict.fromkeys(everything, 0), orphaned=frozenset(everything))

    @override
    def check(self, group: str, partition: int, token: int) -> None:
        return None

    @override
    async def release(self, group: str, tokens: dict[int, int]) -> None:
        return None

    @override
    async def leave(self, group: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class SharedLeases(Leases):
    """Leases in PostgreSQL, on its clock. The partitions go round the members in order.

    An owner that was wrongly thought dead finds its token outdated in the very transaction that it
    wants to commit; also when that clock is set, which ends leases early or starts them anew. A
    process whose own lease has run out, as all have after an outage of SQL, takes over partitions
    as if they had been released: their owners need not have died of what waits there.
    """

    database: Database
    lease_seconds: float = LEASE_SECONDS
    # Always generated: two processes with one name would hold the same partitions.
    member: str = field(default_factory=lambda: str(uuid4()), init=False)
    # The groups in which this process has taken part.
    _joined: set[str] = field(default_factory=set, init=False)

    @override
    async def renew(self, group: str) -> Granted:
        granted = await self.database.write(lambda connection: self._renew(connection, group))
        self._joined.add(group)
        return granted

    @override
    def check(self, group: str, partition: int, token: int) -> Statement[None]:
        where = {"group": group, "number": partition, "own_token": token}

        def still_owner(connection: Connection) -> None:
            # The lock keeps others from taking over until this transaction has ended.
            if connection.execute(_still_owned, where).first() is None:
                raise LeaseLost(f"partition {partition} of '{group}' has another owner now")

        return still_owner

    @override
    async def release(self, group: str, tokens: dict[int, int]) -> None:
        if tokens:
            # The next owner relies on the marks of what was done here.
            await self.database.flush()
            await self.database.write(lambda connection: _release(connection, group, tokens))

    @override
    async def leave(self, group: str) -> None:
        who = {"group": group, "who": self.member}

        def leave(connection: Connection) -> None:
            # Locks the rows in the order in which a renewal does.
            connection.execute(_lock_owners, {"group": group})
            connection.execute(_vacate_all, who)
            connection.execute(_leave, who)

        await self.database.flush()
        await self.database.write(leave)

    def _renew(self, connection: Connection, group: str) -> Granted:
        # Concurrent renewals wait for each other here, while they hold no other lock.
        rows = connection.execute(_lock_owners, {"group": group}).all()
        if not rows:
            _add_vacancies(connection, group)
            rows = connection.execute(_lock_owners, {"group": group}).all()
        now = connection.execute(_now).scalar_one()
        is_late = self._is_late(connection, group, now)
        until = now + int(self.lease_seconds * 1_000_000)
        members = self._sign(connection, group, now, until)
        held, free, revoked, orphaned = {}, {}, set(), set()
        for row in rows:
            mine = members[row.partition % len(members)] == self.member
            if row.member == self.member:
                held[row.partition] = row.token
                if not mine:
                    revoked.add(row.partition)
            elif mine and (row.member is None or row.expires_us < now):
                free[row.partition] = row.token + 1
                if row.member is not None and not is_late:
                    orphaned.add(row.partition)
        taken = _without_units(connection, group, free)
        self._hold(connection, group, taken, until)
        return Granted(held | taken, frozenset(revoked), frozenset(orphaned & taken.keys()))

    def _is_late(self, connection: Connection, group: str, now: int) -> bool:
        """Whether this member's own lease has run out; its row may be deleted by now."""
        last = connection.execute(_last_sign, {"group": group, "who": self.member}).scalar()
        return group in self._joined and (last is None or last < now)

    def _sign(self, connection: Connection, group: str, now: int, until: int) -> Sequence[str]:
        """The members that are alive, this one among them."""
        who = {"group": group, "who": self.member, "until": until}
        if connection.execute(_renew_member, who).rowcount == 0:
            row = {"name": group, "member": self.member, "expires_us": until}
            connection.execute(insert_new(connection, group_members), row)
        connection.execute(_forget_members, {"group": group, "now": now})
        members = connection.execute(_members, {"group": group}).all()
        if any(member.expires_us > until for member in members):
            # The clock was set back. Otherwise a member that died before that would count as alive
            # until the clock has caught up.
            for shorten in (_shorten_members, _shorten_leases):
                connection.execute(shorten, {"group": group, "until": until})
        return [member.member for member in members]

    def _hold(self, connection: Connection, group: str, taken: dict[int, int], until: int) -> None:
        connection.execute(_keep, {"group": group, "who": self.member, "until": until})
        for number, token in taken.items():
            values = {"group": group, "number": number, "own_token": token, "until": until}
            connection.execute(_take, values | {"who": self.member})


_now = select(
    cast(func.extract("epoch", func.clock_timestamp()) * literal_column("1000000"), BigInteger)
)
_own = (partition_owners.c.name == bindparam("group")) & (
    partition_owners.c.partition == bindparam("number")
)
# FOR KEY SHARE, the weakest of PostgreSQL's row locks: it does not conflict with a renewal.
_still_owned = (
    select(partition_owners.c.token)
    .where(_own, partition_owners.c.token == bindparam("own_token"))
    .with_for_update(read=True, key_share=True)
)
_lock_owners = (
    select(partition_owners)
    .where(partition_owners.c.name == bindparam("group"))
    .order_by(partition_owners.c.partition)
    .with_for_update(key_share=True)
)
# FOR UPDATE, the strongest: with less, a check that began before a take-over would miss it.
_lock_alone = (
    select(partition_owners.c.partition)
    .where(
        partition_owners.c.name == bindparam("group"),
        partition_owners.c.partition.in_(bindparam("numbers", expanding=True)),
    )
    .with_for_update(skip_locked=True)
)
_keep = (
    update(partition_owners)
    .where(partition_owners.c.name == bindparam("group"))
    .where(partition_owners.c.member == bindparam("who"))
    .values(expires_us=bindparam("until"))
)
_take = (
    update(partition_owners)
    .where(_own)
    .values(member=bindparam("who"), token=bindparam("own_token"), expires_us=bindparam("until"))
)
_vacate = (
    update(partition_owners)
    .where(_own, partition_owners.c.token == bindparam("own_token"))
    .values(member=None)
)
_vacate_all = (
    update(partition_owners)
    .where(partition_owners.c.name == bindparam("group"))
    .where(partition_owners.c.member == bindparam("who"))
    .values(member=None)
)
_member = (group_members.c.name == bindparam("group")) & (
    group_members.c.member == bindparam("who")
)
_last_sign = select(group_members.c.expires_us).where(_member)
_renew_member = update(group_members).where(_member).values(expires_us=bindparam("until"))
_leave = delete(group_members).where(_member)
_forget_members = delete(group_members).where(
    group_members.c.name == bindparam("group"), group_members.c.expires_us < bindparam("now")
)
_members = (
    select(group_members.c.member, group_members.c.expires_us)
    .where(group_members.c.name == bindparam("group"))
    .order_by(group_members.c.member)
)
_shorten_members, _shorten_leases = (
    update(table)
    .where(table.c.name == bindparam("group"), table.c.expires_us > bindparam("until"))
    .values(expires_us=bindparam("until"))
    for table in (group_members, partition_owners)
)


def _add_vacancies(connection: Connection, group: str) -> None:
    for number in connection.execute(select(partitions.c.partition)).scalars().all():
        row = {"name": group, "partition": number, "member": None, "token": 0, "expires_us": 0}
        connection.execute(insert_new(connection, partition_owners), row)


def _without_units(connection: Connection, group: str, tokens: dict[int, int]) -> dict[int, int]:
    """Lock and return the partitions in which no commit is under way. In the others an owner that
    was thought dead is just committing: they are left to the next renewal.
    """
    if not tokens:
        return {}
    alone = connection.execute(_lock_alone, {"group": group, "numbers": sorted(tokens)})
    return {number: tokens[number] for number in alone.scalars()}


def _release(connection: Connection, group: str, tokens: dict[int, int]) -> None:
    for number, token in sorted(tokens.items()):
        connection.execute(_vacate, {"group": group, "number": number, "own_token": token})
