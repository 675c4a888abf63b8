"""What only one of all processes may do: the others stand by, and one of them takes over."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.log.members import Member
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bot.leadership import LEADING, Leadership
from yabot.errors import StoreUnavailable
from yabot.runtime.loops import WakingLoop

pytestmark = pytest.mark.criterion("scale.3")

# Whoever stands by is to be woken: it does not happen to look at the right moment.
LONG = 3600.0


@dataclass
class Process:
    member: Member
    steps: int = 0
    leadership: Leadership = field(init=False)
    loop: WakingLoop = field(init=False)

    def __post_init__(self) -> None:
        self.leadership = Leadership(self.member.assignment)
        self.loop = WakingLoop("now and then", self.step, LONG)
        self.leadership.run_while_leading(self.loop)

    @property
    def leads(self) -> bool:
        leads = self.leadership.leading.is_set()
        assert self.leadership.following.is_set() is not leads
        return leads

    async def step(self) -> None:
        self.steps += 1


async def started(new: NewDatabase) -> Process:
    database = new()
    await database.open()
    return Process(Member(database))


async def test_one_of_them_leads_and_then_another(new_postgres: NewDatabase) -> None:
    processes = [await started(new_postgres) for _ in range(3)]
    for _ in range(3):
        for process in processes:
            await process.member.look()
    while processes:
        (leading,) = [process for process in processes if process.leads]
        assert LEADING in leading.member.held
        processes.remove(leading)
        await leading.member.assignment.leave(PATIENCE)
        for _ in range(3):
            for process in processes:
                await process.member.look()


async def test_while_nobody_can_say_who_leads_each_does_what_it_can(
    new_postgres: NewDatabase,
) -> None:
    process = await started(new_postgres)
    process.member.database.gate.reason = "it is away"
    with pytest.raises(StoreUnavailable):
        await process.member.look()
    assert process.leads
    assert process.member.held == set()


async def test_who_led_goes_on_while_sql_is_away_and_who_stood_by_does_not_begin(
    new_postgres: NewDatabase,
) -> None:
    one, other = await started(new_postgres), await started(new_postgres)
    for process in (one, other):
        await process.member.look()
        process.member.database.gate.reason = "it is away"
        with pytest.raises(StoreUnavailable):
            await process.member.look()
    assert one.leads
    assert not other.leads


async def test_loops_of_features_run_where_somebody_leads(new_postgres: NewDatabase) -> None:
    processes = [await started(new_postgres) for _ in range(2)]
    for process in processes:
        process.loop.start()
    await asyncio.sleep(0)
    assert [process.steps for process in processes] == [0, 0]
    await processes[0].member.look()
    await until(lambda: _has_run(processes[0]))
    await processes[0].member.assignment.leave(PATIENCE)
    await processes[1].member.look()
    await until(lambda: _has_run(processes[1]))
    assert [process.steps for process in processes] == [1, 1]
    for process in processes:
        await process.loop.finish(PATIENCE)


async def _has_run(process: Process) -> bool:
    return process.steps > 0
