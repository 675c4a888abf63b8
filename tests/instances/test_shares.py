"""Who works where, and until when: two processes' shares on one PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import until
from yabot.bot.shares import Share, Shares
from yabot.errors import LeaseLost, StoreUnavailable
from yabot.log.leases import SharedLeases
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("scale.3")

# A user of each partition.
USERS = ("4", "0", "5", "1")
# Seconds: a lease that lasts through a few statements on a slow machine, and no longer.
SHORT = 4.0


async def connected(new: NewDatabase) -> Database:
    database = new()
    await database.open()
    return database


async def of_one_process(new: NewDatabase, *, lease: float = 30.0) -> Shares:
    return Shares(SharedLeases(await connected(new), lease), PARTITIONS)


async def look(shares: Shares) -> list[Share]:
    """As in a round: what is newly ours is opened at once, and given."""
    fresh = await shares.refresh()
    await shares.release(shares.to_hand_over())
    shares.open(fresh)
    return fresh


def works_for(shares: Shares) -> list[str]:
    return [user for user in USERS if shares.owns(user)]


async def _works_for_nobody(shares: Shares) -> bool:
    return works_for(shares) == []


async def test_two_share_the_users_and_one_of_them_leads(new_postgres: NewDatabase) -> None:
    one, two = await of_one_process(new_postgres), await of_one_process(new_postgres)
    began: list[Shares] = []
    for shares in (one, two):
        shares.on_leading.append(partial(began.append, shares))
    await look(one)
    assert works_for(one) == list(USERS)
    for _ in range(2):
        await look(two)
        await look(one)
    assert sorted(works_for(one) + works_for(two)) == sorted(USERS)
    assert len(works_for(one)) == len(works_for(two))
    (leading,) = [shares for shares in (one, two) if shares.leading.is_set()]
    assert leading.owns(USERS[0])
    assert began[-1] is leading
    (following,) = {one, two} - {leading}
    assert following.following.is_set()

    await leading.leave()
    assert works_for(leading) == []
    await look(following)
    assert works_for(following) == list(USERS)
    assert following.leading.is_set()


async def test_what_runs_is_finished_before_the_partition_is_handed_over(
    new_postgres: NewDatabase,
) -> None:
    one, two = await of_one_process(new_postgres), await of_one_process(new_postgres)
    await look(one)
    go_on = asyncio.Event()
    running = {user: share.counted(job_until(go_on)) for user, share in shares_of(one).items()}
    jobs = [asyncio.ensure_future(job()) for job in running.values()]
    await look(two)
    await look(one)
    await look(two)
    assert works_for(two) == []
    assert len(works_for(one)) == len(USERS) / 2
    go_on.set()
    await asyncio.gather(*jobs)
    await look(one)
    await look(two)
    assert sorted(works_for(one) + works_for(two)) == sorted(USERS)


def shares_of(shares: Shares) -> dict[str, Share]:
    return {user: share for user in USERS if (share := shares.of(user)) is not None}


def job_until(go_on: asyncio.Event) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        await go_on.wait()

    return job


async def test_who_was_not_heard_of_begins_nothing_even_before_it_hears_so(
    new_postgres: NewDatabase,
) -> None:
    shares = await of_one_process(new_postgres, lease=SHORT)
    await look(shares)
    (share, *_) = shares_of(shares).values()
    await until(lambda: _works_for_nobody(shares))
    with pytest.raises(LeaseLost):
        shares.require(share)
    # Nobody has taken over: it goes on, and nobody has died.
    assert [fresh.orphaned for fresh in await look(shares)] == [False] * PARTITIONS
    assert works_for(shares) == list(USERS)
    assert not shares.holds(share)


async def test_what_a_dead_process_had_is_told_from_what_one_has_left(
    new_postgres: NewDatabase,
) -> None:
    dead, second = (
        await of_one_process(new_postgres, lease=SHORT),
        await of_one_process(new_postgres),
    )
    await look(dead)
    taken: list[Share] = []

    async def has_all() -> bool:
        taken.extend(await look(second))
        return works_for(second) == list(USERS)

    await until(has_all)
    assert [share.orphaned for share in taken] == [True] * PARTITIONS
    await second.leave()
    third = await of_one_process(new_postgres)
    assert [share.orphaned for share in await look(third)] == [False] * PARTITIONS


async def test_while_nobody_can_say_who_leads_each_does_what_it_can(
    new_postgres: NewDatabase,
) -> None:
    database = await connected(new_postgres)
    shares = Shares(SharedLeases(database), PARTITIONS)
    database.gate.reason = "it is away"
    with pytest.raises(StoreUnavailable):
        await shares.refresh()
    assert shares.leading.is_set()
    assert works_for(shares) == []
