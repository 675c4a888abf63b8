"""Workers that share the work on PostgreSQL: they come and go, die, and rise when thought dead."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from tests.crash.child import Child
from tests.crash.conftest import NewChild
from tests.crash.invariants import until_finished, verify
from tests.crash.load import Load, drive
from tests.crash.places import PARTITIONS, Addresses, opened
from tests.crash.program import Orders, following
from tests.e2e.kill_points import KillPoint
from tests.waiting import PATIENCE, until
from yabot.app.stores import Stores

LOAD = Load(readers=8, reactions=12, pace=0.25)
# For what one worker and its heir have to do, and no longer.
SHORT_LOAD = Load(readers=6, reactions=6, pace=0.1)
# Nothing else is to be done any more when it comes.
A_LONE_DEADLINE = Load(readers=1, reactions=2)


@asynccontextmanager
async def readers(place: Addresses, load: Load) -> AsyncIterator[Stores]:
    """They react in this process, as in one that has the role of the bot alone; in the end, all
    that they have set going has happened."""
    async with opened(place) as stores, following(stores) as services:
        reacting = asyncio.create_task(drive(services, load))
        yield stores
        await reacting
        await until_finished(stores.database, PATIENCE)


@pytest.mark.criterion("2.3.1", "3.1.5", "rel.3", "scale.3")
@pytest.mark.parametrize("most", [2, 4])
async def test_workers_join_and_leave_while_events_come(
    on_postgres: Addresses, new_child: NewChild, most: int
) -> None:
    moments = random.Random(most)
    workers: list[Child] = []

    def join() -> None:
        workers.append(new_child(Orders(on_postgres)))
        workers[-1].start()

    async def leave() -> None:
        worker = workers.pop(moments.randrange(len(workers)))
        await (worker.stop() if moments.random() < 0.5 else worker.kill9())

    async with readers(on_postgres, LOAD) as stores:
        for _ in range(3 * most):
            if len(workers) < most and moments.random() < 0.7:
                join()
            elif workers:
                await leave()
            await asyncio.sleep(moments.uniform(0.1, 0.6))
        while len(workers) < most:
            join()
    await asyncio.gather(*(worker.stop() for worker in workers))
    async with opened(on_postgres) as stores:
        await verify(stores, LOAD)


@pytest.mark.criterion("2.3.1", "3.1.5", "rel.3", "scale.3")
@pytest.mark.parametrize(
    "point",
    [
        KillPoint("log", "pay.asked", 3, fate="SIGSTOP"),
        KillPoint("commit", "INSERT INTO transactions", 3, fate="SIGSTOP"),
        KillPoint("log", "unit.committed", 10, fate="SIGSTOP"),
    ],
    ids=str,
)
async def test_a_worker_that_was_thought_dead_does_no_harm_when_it_rises(
    on_postgres: Addresses, new_child: NewChild, point: KillPoint
) -> None:
    zombie, heir = new_child(Orders(on_postgres)), new_child(Orders(on_postgres))
    async with readers(on_postgres, SHORT_LOAD):
        zombie.start(point)
        await zombie.until_stopped()
        heir.start()
        await until(partial(_has_everything, heir))
        zombie.rise()
    await asyncio.gather(zombie.stop(), heir.stop())
    async with opened(on_postgres) as stores:
        await verify(stores, SHORT_LOAD)


async def _has_everything(heir: Child) -> bool:
    """All partitions have been the heir's, those of other services' events too, and it works."""
    taken = heir.logged("partitions.assigned")
    partitions = {(line["group"], number) for line in taken for number in line["partitions"]}
    return len(partitions) == 4 * PARTITIONS and len(heir.logged("unit.committed")) > 30


@pytest.mark.criterion("2.3.1", "3.1.5", "rel.3", "scale.3")
@pytest.mark.parametrize(
    ("deed", "load"), [("pay", SHORT_LOAD), ("deadline", A_LONE_DEADLINE)], ids=["pay", "deadline"]
)
async def test_what_a_worker_decided_before_it_was_thought_dead_takes_no_effect(
    on_postgres: Addresses, new_child: NewChild, deed: str, load: Load
) -> None:
    """The heir has not come to it yet: nothing but the token tells that it is too late."""
    zombie, heir = new_child(Orders(on_postgres)), new_child(Orders(on_postgres))
    async with readers(on_postgres, load):
        zombie.start(KillPoint("log", f"{deed}.decided", fate="SIGSTOP"))
        await zombie.until_stopped()
        heir.start(KillPoint("log", f"{deed}.asked", fate="SIGSTOP"))
        await heir.until_stopped()
        zombie.rise()
        await zombie.until_logged("commit.refused")
        heir.rise()
    await asyncio.gather(zombie.stop(), heir.stop())
    async with opened(on_postgres) as stores:
        await verify(stores, load)
