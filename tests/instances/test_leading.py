"""What only one of all processes may do: the others stand by, and one of them takes over."""

import asyncio
from dataclasses import dataclass, field

import pytest

from tests.instances.test_shares import look, of_one_process
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until
from yabot.bot.shares import Shares
from yabot.runtime.loops import WakingLoop

# Whoever stands by is to be woken: it does not happen to look at the right moment.
LONG = 3600.0


@dataclass
class Process:
    shares: Shares
    steps: int = 0
    loop: WakingLoop = field(init=False)

    def __post_init__(self) -> None:
        """As the application does it for the loops of features."""
        self.loop = WakingLoop("now and then", self.step, LONG)
        self.loop.is_due = self.shares.leading.is_set
        self.shares.on_leading.append(self.loop.wake)

    async def step(self) -> None:
        self.steps += 1


@pytest.mark.criterion("scale.3")
async def test_loops_of_features_run_where_somebody_leads(new_postgres: NewDatabase) -> None:
    processes = [Process(await of_one_process(new_postgres)) for _ in range(2)]
    for process in processes:
        process.loop.start()
    await asyncio.sleep(0)
    assert [process.steps for process in processes] == [0, 0]
    await look(processes[0].shares)
    await until(lambda: _has_run(processes[0]))
    await processes[0].shares.leave()
    await look(processes[1].shares)
    await until(lambda: _has_run(processes[1]))
    assert [process.steps for process in processes] == [1, 1]
    for process in processes:
        await process.loop.finish(PATIENCE)


async def _has_run(process: Process) -> bool:
    return process.steps > 0
