"""Several instances share the workflows; none knows anything that is not in SQL."""

import asyncio

import pytest
from typing_extensions import override

from tests.bus.looking import look
from tests.bus.process import let_leases_end
from tests.coordinator.orders import OrderCancelled, OrderData, OrderPaid, OrderPlaced, Orders
from tests.coordinator.shop import Shop
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import PATIENCE, until
from yabot.coordinator.process import Workflow
from yabot.log.leases import SharedLeases
from yabot.log.unit_of_work import UnitOfWork

pytestmark = pytest.mark.criterion("scale.3", "3.1.5")


async def opened(new: NewDatabase, *, lease: float | None = None) -> Shop:
    database = new()
    await database.open()
    shop = Shop(database)
    if lease is not None:
        shop.leases = SharedLeases(database, lease)
    await shop.open()
    return shop


async def test_two_that_both_do_all_of_it_do_it_once(new_postgres: NewDatabase) -> None:
    """Without shares: nothing but receipts and versions keeps them apart."""
    one, two = await opened(new_postgres), await opened(new_postgres)
    orders = [f"{n}" for n in range(12)]
    for order in orders:
        await one.tell(OrderPlaced(order=order), order)
        await one.tell(OrderPaid(order=order), order)
    await asyncio.gather(one.run(), two.run())
    for order in orders[:6]:
        await one.tell(OrderCancelled(order=order), order)
    await asyncio.gather(one.run(), two.run())
    done = ["reserve", "charge"]
    assert await one.effects() == {
        order: done + (["refund", "release"] if order in orders[:6] else []) for order in orders
    }
    for order in orders[:6]:
        assert await one.compensated(order) == ["charge", "reserve"]
    assert await one.dead() == []


async def test_two_that_are_woken_by_one_deadline_take_one_step(new_postgres: NewDatabase) -> None:
    one, two = await opened(new_postgres), await opened(new_postgres)
    orders = [f"{n}" for n in range(12)]
    for order in orders:
        await one.tell(OrderPlaced(order=order), order)
    await one.run()
    for shop in (one, two):
        shop.hands.pass_time(hours=2)
    await asyncio.gather(one.run(), two.run())
    assert await one.effects() == {order: ["reserve", "release"] for order in orders}


async def test_each_takes_deadlines_where_it_works(new_postgres: NewDatabase) -> None:
    one, two = (
        await opened(new_postgres, lease=PATIENCE),
        await opened(new_postgres, lease=PATIENCE),
    )
    await reserve_everywhere(await opened(new_postgres))
    workers = [one.workers(), two.workers()]
    for _ in range(3):
        for group, _deadlines in workers:
            await look(group)
    first, second = (set(group.partitions) for group, _ in workers)
    assert first | second == set(range(PARTITIONS))
    assert len(first) == len(second)
    expected = set()
    for shop, (group, deadlines), share in zip((one, two), workers, (first, second), strict=True):
        shop.hands.pass_time(hours=2)
        await deadlines.run_once()
        await group.stop(PATIENCE)
        expected |= share
        assert await woken(shop) == expected


class Slow(Orders):
    """Its deadlines take until they are let go on."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(shop.hands.wall)
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    @override
    async def on_deadline(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        self.asked.set()
        await self.go_on.wait()
        await super().on_deadline(order, work)


async def test_a_step_decided_on_what_is_no_more_takes_no_effect(new_postgres: NewDatabase) -> None:
    """While one decides what an unpaid order comes to, the other sees it paid."""
    one, two = await opened(new_postgres), await opened(new_postgres)
    await one.tell(OrderPlaced(order="a"))
    await one.run()
    one.hands.pass_time(hours=2)
    slow = Slow(one)
    group, deadlines = one.workers([slow])
    await look(group)
    await deadlines.run_once()
    await slow.asked.wait()
    await two.tell(OrderPaid(order="a"))
    await two.run()
    slow.go_on.set()
    await group.stop(PATIENCE)
    await one.run()
    assert await one.state("a") == "charged"
    assert await one.effects() == {"a": ["reserve", "charge"]}


async def test_one_that_was_thought_dead_takes_no_effect(new_postgres: NewDatabase) -> None:
    zombie = await opened(new_postgres, lease=PATIENCE)
    heir = await opened(new_postgres, lease=PATIENCE)
    await reserve_everywhere(await opened(new_postgres))
    for shop in (zombie, heir):
        shop.hands.pass_time(hours=2)
    slow = Slow(zombie)
    group, deadlines = zombie.workers([slow])
    await look(group)
    await deadlines.run_once()
    await slow.asked.wait()
    await let_leases_end(new_postgres)

    new_group, new_deadlines = heir.workers()

    async def all_taken_over() -> bool:
        await look(new_group)
        return len(new_group.partitions) == PARTITIONS

    await until(all_taken_over)
    slow.go_on.set()
    await group.stop(PATIENCE)
    assert await woken(heir) == set()
    await new_deadlines.run_once()
    await new_group.stop(PATIENCE)
    assert await woken(heir) == set(range(PARTITIONS))


# A user of each partition.
USERS = ("4", "0", "5", "1")


async def reserve_everywhere(shop: Shop) -> None:
    for user in USERS:
        await shop.tell(OrderPlaced(order=user), user)
    await shop.run()


async def woken(shop: Shop) -> set[int]:
    """The partitions whose order is not as it was reserved."""
    rows = [await shop.workflow(user) for user in USERS]
    return {row["partition"] for row in rows if row["state"] != "reserved"}
