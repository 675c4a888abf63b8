"""What a process is told of the partitions that come and go, and what it may do meanwhile."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytest
from typing_extensions import override

from tests.log.members import EVERYTHING, LEASE_SECONDS, Member, Worker, pass_time, set_clock
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import PATIENCE, until
from yabot.errors import LeaseLost, StoreUnavailable
from yabot.log.assignment import Assignment
from yabot.log.lease import FINISH_SECONDS, Lease
from yabot.log.leases import Granted, SoleLeases

pytestmark = pytest.mark.criterion("scale.3")

AWAY = StoreUnavailable("PostgreSQL", "it is away")


async def joined(
    new: NewDatabase, *, worker: Worker | None = None, rest: float | None = None
) -> Member:
    """Its loops, if they run, look every ``rest`` seconds, or as usual."""
    database = new()
    await database.open()
    worker = worker or Worker()
    if rest is None:
        return Member(database, worker=worker)
    return Member(database, worker=worker, lease_seconds=3 * rest, every=rest)


async def two(new: NewDatabase, *, rest: float | None = None) -> tuple[Member, Member]:
    """The first has everything, and the second has just come."""
    one, other = await joined(new, rest=rest), await joined(new, rest=rest)
    await one.look()
    await other.look()
    return one, other


def numbers(leases: Sequence[Lease]) -> list[int]:
    return sorted(lease.partition for lease in leases)


async def test_partitions_are_shared_and_each_has_one_holder(new_postgres: NewDatabase) -> None:
    one, other = await two(new_postgres)
    assert one.held == EVERYTHING
    assert other.held == set()
    await one.look()
    await other.look()
    assert one.held | other.held == EVERYTHING
    assert len(one.held) == len(other.held) == PARTITIONS / 2
    assert numbers(one.worker.given) == sorted(EVERYTHING)
    assert set(numbers(one.worker.taken_back)) == other.held == set(numbers(other.worker.given))
    assert not any(lease.orphaned for lease in other.worker.given)


async def test_who_leaves_is_told_and_its_heir_has_everything_at_its_next_look(
    new_postgres: NewDatabase,
) -> None:
    one, other = await two(new_postgres)
    await one.assignment.leave(PATIENCE)
    assert numbers(one.worker.taken_back) == sorted(EVERYTHING)
    assert not any(lease.is_open for lease in one.worker.given)
    await other.look()
    assert other.held == EVERYTHING


async def test_what_runs_is_finished_before_a_partition_is_released(
    new_postgres: NewDatabase,
) -> None:
    one, other = await two(new_postgres)
    with working_under(one.worker.given):
        await one.look()
        await other.look()
        closing = {lease.partition for lease in one.worker.given if lease.closed.is_set()}
        assert len(closing) == PARTITIONS / 2
        assert one.held == EVERYTHING - closing
        assert other.held == set()
        assert one.worker.taken_back == []
    await one.look()
    await other.look()
    assert other.held == closing


@contextmanager
def working_under(leases: Sequence[Lease]) -> Iterator[None]:
    with ExitStack() as stack:
        for lease in leases:
            stack.enter_context(lease)
        yield


async def test_who_breaks_off_because_it_is_revoked_has_not_lost_it(
    new_postgres: NewDatabase,
) -> None:
    """It is released, and nobody has to wait until it runs out."""
    one, other = await two(new_postgres)
    with suppress(LeaseLost), working_under(one.worker.given):
        await one.look()
        for lease in one.worker.given:
            lease.require()
    await one.look()
    await other.look()
    assert numbers(one.worker.taken_back) == sorted(other.held)
    assert len(other.held) == PARTITIONS / 2


async def test_what_is_released_begins_again_with_another_token(
    new_postgres: NewDatabase,
) -> None:
    """Nobody else wants it any more by the time when what ran there has ended."""
    one, other = await two(new_postgres)
    with working_under(one.worker.given):
        await one.look()
        await other.assignment.leave(PATIENCE)
    before = {lease.partition: lease.token for lease in one.worker.given}
    assert len(one.held) == PARTITIONS / 2
    await one.look()
    await one.look()
    again = one.worker.given[PARTITIONS:]
    assert one.held == EVERYTHING
    assert numbers(again) == numbers(one.worker.taken_back)
    assert all(lease.token > before[lease.partition] for lease in again)


async def test_who_takes_too_long_is_waited_for_no_longer(new_postgres: NewDatabase) -> None:
    one, other = await two(new_postgres)
    with working_under(one.worker.given):
        await one.look()
        await pass_time(one.database, FINISH_SECONDS + 1, one, other)
        await one.look()
        await other.look()
        assert len(other.held) == PARTITIONS / 2
        late = [lease for lease in one.worker.given if not await one.may_commit(lease)]
        assert set(numbers(late)) == other.held


async def test_the_end_of_what_ran_last_is_what_a_release_waits_for(
    new_postgres: NewDatabase,
) -> None:
    """And not the next look."""
    one, _ = await two(new_postgres, rest=10 * PATIENCE)
    one.assignment.changes.start()
    with working_under(one.worker.given):
        await one.assignment.renew()
        closing = [lease for lease in one.worker.given if lease.closed.is_set()]
        assert len(closing) == PARTITIONS / 2
    await until(lambda: _all_in(one.worker.taken_back, closing))
    await one.assignment.leave(PATIENCE)


async def _all_in(found: Sequence[Lease], wanted: Sequence[Lease]) -> bool:
    return set(wanted) <= set(found)


async def test_nothing_is_begun_under_a_lease_that_is_revoked_lost_or_run_out(
    new_postgres: NewDatabase,
) -> None:
    one, _ = await two(new_postgres)
    await one.look()
    revoked = one.worker.taken_back[0]
    (kept, lost) = [lease for lease in one.worker.given if lease.is_open]
    with pytest.raises(LeaseLost), lost:
        raise LeaseLost("another process works there")
    for lease in (revoked, lost):
        with pytest.raises(LeaseLost), lease:
            pytest.fail("something was begun")
    assert one.held == {kept.partition}
    one.clock.seconds += LEASE_SECONDS + 1
    with pytest.raises(LeaseLost):
        kept.require()
    assert one.held == set()


async def test_what_ran_out_begins_anew_when_nobody_has_taken_over(
    new_postgres: NewDatabase,
) -> None:
    one = await joined(new_postgres)
    await one.look()
    before = list(one.worker.given)
    await pass_time(one.database, LEASE_SECONDS + 1, one)
    await one.look()
    after = one.worker.given[len(before) :]
    assert numbers(after) == sorted(EVERYTHING)
    assert one.held == EVERYTHING
    assert not any(lease.is_open or not lease.closed.is_set() for lease in before)
    # Nobody has died.
    assert not any(lease.orphaned for lease in after)
    assert one.worker.taken_back == []


async def test_what_ran_out_begins_anew_only_when_what_ran_there_has_ended(
    new_postgres: NewDatabase,
) -> None:
    one = await joined(new_postgres)
    await one.look()
    lease = one.worker.given[0]
    with lease:
        await pass_time(one.database, LEASE_SECONDS + 1, one)
        await one.look()
        assert one.held == EVERYTHING - {lease.partition}
    await one.look()
    assert one.held == EVERYTHING


async def test_the_dead_are_told_from_those_that_have_left(new_postgres: NewDatabase) -> None:
    one = await joined(new_postgres)
    await one.look()
    heir, last = await joined(new_postgres), await joined(new_postgres)
    await pass_time(one.database, LEASE_SECONDS + 1, heir)
    await heir.look()
    assert numbers(heir.worker.given) == sorted(EVERYTHING)
    assert all(lease.orphaned for lease in heir.worker.given)
    await heir.assignment.leave(PATIENCE)
    await last.look()
    assert not any(lease.orphaned for lease in last.worker.given)


@pytest.mark.parametrize("fault", [AWAY, ValueError("a mistake")])
async def test_who_could_not_make_ready_is_asked_again_and_keeps_its_leases(
    new_postgres: NewDatabase, fault: Exception
) -> None:
    """And still knows whom it has them from."""
    dead, heir = await joined(new_postgres), await joined(new_postgres)
    await dead.look()
    await pass_time(dead.database, LEASE_SECONDS + 1, heir)
    heir.worker.faults.append(fault)
    with pytest.raises(type(fault)):
        await heir.look()
    assert heir.held == set()
    await heir.look()
    assert heir.held == EVERYTHING
    assert all(lease.orphaned for lease in heir.worker.given)


class Stuck(Worker):
    """Never comes back from where it is told."""

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where
        self.asked: list[str] = []
        self.cancelled: list[str] = []

    async def _hang(self, here: str) -> None:
        self.asked.append(here)
        if here == self._where:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled.append(here)
                raise

    @override
    async def assigned(self, leases: Sequence[Lease]) -> None:
        await self._hang("assigned")
        await super().assigned(leases)

    @override
    async def revoked(self, leases: Sequence[Lease]) -> None:
        await self._hang("revoked")
        await super().revoked(leases)


async def test_who_hangs_while_it_makes_ready_keeps_its_leases_and_nobody_elses(
    new_postgres: NewDatabase,
) -> None:
    stuck, other = await joined(new_postgres, worker=Stuck("assigned")), await joined(new_postgres)
    assert isinstance(stuck.worker, Stuck)
    await stuck.assignment.renew()
    stuck.assignment.changes.start()
    await until(partial(_has, stuck.worker.asked, "assigned"))
    for _ in range(3):
        await pass_time(other.database, LEASE_SECONDS / 2, stuck, other)
        await stuck.assignment.renew()
    await other.look()
    assert other.held == set()
    # The other half is to be the other's: whoever hangs need not be through with it.
    await stuck.assignment.renew()

    async def are_shared() -> bool:
        await other.look()
        return len(other.held) == PARTITIONS / 2

    await until(are_shared)
    assert "assigned" in stuck.worker.cancelled
    await stuck.assignment.leave(PATIENCE)
    await other.look()
    assert other.held == EVERYTHING


async def _has(found: Sequence[str], wanted: str) -> bool:
    return wanted in found


async def test_who_hangs_while_it_writes_down_leaves_all_the_same(
    new_postgres: NewDatabase,
) -> None:
    stuck, heir = await joined(new_postgres, worker=Stuck("revoked")), await joined(new_postgres)
    assert isinstance(stuck.worker, Stuck)
    await stuck.look()
    await stuck.assignment.leave(0.1)
    assert stuck.worker.cancelled == ["revoked"]
    # A slow machine may not have come to release its leases either, within what was left.
    await pass_time(heir.database, LEASE_SECONDS + 1, heir)
    await heir.look()
    assert heir.held == EVERYTHING


async def test_who_fails_to_write_down_hands_over_all_the_same(new_postgres: NewDatabase) -> None:
    one, other = await two(new_postgres)
    one.worker.faults.append(ValueError("a mistake"))
    await one.look()
    await other.look()
    assert len(other.held) == PARTITIONS / 2


async def test_who_cannot_write_down_without_sql_is_asked_again(new_postgres: NewDatabase) -> None:
    one, other = await two(new_postgres)
    one.worker.faults.append(AWAY)
    with pytest.raises(StoreUnavailable):
        await one.look()
    await other.look()
    assert other.held == set()
    await one.look()
    await other.look()
    assert numbers(one.worker.taken_back) == sorted(other.held)
    assert len(other.held) == PARTITIONS / 2


async def test_who_stops_takes_nothing_more_and_keeps_what_it_has(
    new_postgres: NewDatabase,
) -> None:
    one, other = await two(new_postgres)
    await one.look()
    await other.look()
    before = one.held
    one.assignment.take_no_more()
    await other.assignment.leave(PATIENCE)
    await one.look()
    assert one.held == before
    await one.assignment.leave(PATIENCE)
    third = await joined(new_postgres)
    await third.look()
    assert third.held == EVERYTHING


async def test_everybody_hears_of_each_renewal_and_of_none(new_postgres: NewDatabase) -> None:
    one = await joined(new_postgres)
    heard: list[Granted | None] = []
    one.assignment.on_renewal.append(heard.append)
    one.database.gate.reason = "it is away"
    with pytest.raises(StoreUnavailable):
        await one.look()
    one.database.gate.reason = None
    await one.look()
    assert heard[0] is None
    assert heard[1] is not None
    assert heard[1].tokens.keys() == EVERYTHING


async def test_what_waits_under_a_lease_hears_when_it_runs_out_without_sql(
    new_postgres: NewDatabase,
) -> None:
    one = await joined(new_postgres)
    await one.look()
    one.database.gate.reason = "it is away"
    for seconds, closed in ((LEASE_SECONDS / 2, False), (LEASE_SECONDS, True)):
        one.clock.seconds += seconds
        with pytest.raises(StoreUnavailable):
            await one.look()
        assert {lease.closed.is_set() for lease in one.worker.given} == {closed}


async def test_a_clock_that_is_set_back_keeps_no_partition_from_an_heir(
    new_postgres: NewDatabase,
) -> None:
    dead, heir = await joined(new_postgres), await joined(new_postgres)
    await dead.look()
    await heir.look()
    await set_clock(heir.database, -3600)
    await heir.look()
    await pass_time(heir.database, LEASE_SECONDS + 1, heir)
    await heir.look()
    assert heir.held == EVERYTHING


async def test_a_clock_that_is_set_ahead_gives_nobody_two_holders(
    new_postgres: NewDatabase,
) -> None:
    """Whoever had it finds its token outdated, and both share again."""
    one, other = await two(new_postgres)
    await set_clock(one.database, 3600)
    await other.look()
    assert other.held == EVERYTHING
    assert [lease for lease in one.worker.given if await one.may_commit(lease)] == []
    for _ in range(2):
        await one.look()
        await other.look()
    assert one.held | other.held == EVERYTHING
    assert one.held.isdisjoint(other.held)


async def test_a_sole_process_has_everything_for_good_from_whoever_may_have_died() -> None:
    assignment = Assignment("test", PARTITIONS, SoleLeases(PARTITIONS), now=ages())
    worker = Worker()
    assignment.assignee = worker
    await assignment.run_once()
    assert assignment.is_sole
    assert set(assignment.partitions) == EVERYTHING
    assert all(lease.orphaned and lease.check is None for lease in worker.given)
    await assignment.run_once()
    assert len(worker.given) == PARTITIONS
    await assignment.leave(PATIENCE)
    assert assignment.partitions == []
    assert numbers(worker.taken_back) == sorted(EVERYTHING)


def ages() -> Callable[[], float]:
    """A clock on which much time passes between two looks."""
    moments = iter(range(0, 10**9, 10**5))
    return lambda: float(next(moments))
