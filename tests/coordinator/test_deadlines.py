"""A workflow is woken when its moment has come: not before, and once."""

import asyncio
from datetime import timedelta

import pytest
from typing_extensions import override

from tests.bus.looking import look
from tests.bus.test_delivery_breaker import let_go_on
from tests.cancelling import await_what_is_cancelled
from tests.coordinator.orders import OrderData, OrderPaid, OrderPlaced, Orders, OrderSent
from tests.coordinator.shop import GROUP, Shop
from tests.storage.dumps import events_of, marks
from tests.waiting import PATIENCE, until
from yabot.bus.groups import group as group_module
from yabot.bus.groups import stops
from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.stops import Stop
from yabot.bus.groups.switch import GroupStopped
from yabot.clock import utc_now
from yabot.coordinator import deadlines as deadlines_module
from yabot.coordinator.workflow import Workflow
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.log.lease import Lease
from yabot.log.unit_of_work import UnitOfWork
from yabot.trusted_clock import ClockDistrusted


async def test_nothing_happens_before_the_moment(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(minutes=59)
    await shop.run()
    assert await shop.state("a") == "reserved"
    shop.hands.pass_time(minutes=2)
    await shop.run()
    assert await shop.state("a") == "failed"
    assert await shop.effects() == {"a": ["reserve", "release"]}


async def test_a_step_is_a_unit_of_work_with_a_cause_of_its_own(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"), "42")
    await shop.tell(OrderPaid(order="a"), "42")
    await shop.tell(OrderSent(order="a"), "42")
    await shop.run()
    version = (await shop.workflow("a"))["version"]
    shop.hands.pass_time(days=31)
    await shop.run()
    cause = f"deadline:order:a:{version}"
    assert cause in await marks(shop.database)
    closed = [e for e in await events_of(shop.database, "42") if e["event_type"] == "order_closed"]
    assert len(closed) == 1
    assert f'"causation_id":"{cause}"' in closed[0]["envelope"]


async def test_an_event_that_was_there_before_comes_first(shop: Shop) -> None:
    """The payment was committed while no worker ran, and the deadline passed meanwhile."""
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    await shop.tell(OrderPaid(order="a"))
    shop.hands.pass_time(hours=2)
    await shop.run()
    assert await shop.state("a") == "charged"
    assert await shop.effects() == {"a": ["reserve", "charge"]}


async def test_one_that_was_left_with_its_lease_is_taken_up_under_the_next(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(hours=2)
    group, deadlines = shop.workers()
    await look(group)
    await deadlines.run_once()
    for partition in group.partitions:
        lease = group.assignment.get(partition)
        assert lease is not None
        lease.lose()
    await look(group)
    assert await shop.state("a") == "reserved"
    await deadlines.run_once()
    await group.stop(PATIENCE)
    assert await shop.state("a") != "reserved"


async def test_it_waits_while_the_group_is_behind_the_log(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    group, deadlines = shop.workers()
    await look(group)
    await shop.tell(OrderPaid(order="a"))
    [*_, paid] = await events_of(shop.database, "7")
    # What the feed brings is not the next: there must be something in the log.
    beyond = Entry(paid["partition"], paid["pos"] + 1, "order_paid", paid["envelope"])
    group.offer(beyond.partition, [beyond])
    shop.hands.pass_time(hours=2)
    await deadlines.run_once()
    await look(group)
    await deadlines.run_once()
    await group.stop(PATIENCE)
    assert await shop.effects() == {"a": ["reserve", "charge"]}


async def test_one_that_waits_when_its_group_stops_is_taken_up_when_that_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_module, "FINISH_WORK", 0.05)
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(hours=2)
    group, deadlines = shop.workers()
    await look(group)
    is_held = asyncio.Event()

    async def hold(_lease: Lease) -> None:
        is_held.set()
        await asyncio.Event().wait()

    assert group.submit((await shop.workflow("a"))["partition"], "7", hold)
    await is_held.wait()
    await deadlines.run_once()
    await shop.database.write(stops.stop(Stop(GROUP, 20, utc_now())))
    with pytest.raises(GroupStopped):
        await group.run_once()
    await let_go_on(shop.database, GROUP)
    await look(group)
    await deadlines.run_once()
    await group.stop(PATIENCE)
    assert await shop.state("a") == "compensating"


async def test_a_deadline_that_fails_comes_again(shop: Shop) -> None:
    shop.faults.of["deadline"] = [RuntimeError("not now"), RuntimeError("nor now")]
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(hours=2)
    for attempt in (1, 2):
        await shop.run()
        assert (await shop.workflow("a"))["attempts"] == attempt
        shop.hands.pass_time(minutes=30)
    await shop.run()
    assert await shop.effects() == {"a": ["reserve", "release"]}


class FirstWaits(Orders):
    """Of the order "a" nothing can be decided while MongoDB is away."""

    is_away = True

    @override
    async def on_deadline(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        if self.is_away and order.data.order == "a":
            raise StoreUnavailable("MongoDB", "it is away")
        await super().on_deadline(order, work)


async def turns_taken(shop: Shop, group: SubscriberGroup, *orders: str) -> None:
    """All that has been submitted for the users of these orders."""
    for order in orders:
        stored, is_over = await shop.workflow(order), asyncio.Event()

        async def tell(_lease: Lease, is_over: asyncio.Event = is_over) -> None:
            is_over.set()

        assert group.submit(stored["partition"], stored["user_id"], tell)
        await is_over.wait()


async def test_those_that_wait_for_a_store_do_not_stand_before_all_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines_module, "AT_ONCE", 1)
    for order, user_id in (("a", "7"), ("b", "8")):
        await shop.tell(OrderPlaced(order=order), user_id)
        await shop.run()
    shop.hands.pass_time(hours=2)
    process = FirstWaits(shop.hands.wall)
    group, deadlines = shop.workers([process])
    await look(group)
    for _look in range(2):
        await deadlines.run_once()
        await turns_taken(shop, group, "a", "b")
    assert [await shop.state(order) for order in "ab"] == ["reserved", "compensating"]
    process.is_away = False

    async def has_its_turn_again() -> bool:
        await deadlines.run_once()
        return await shop.state("a") != "reserved"

    await until(has_its_turn_again)
    await group.stop(PATIENCE)


@pytest.mark.parametrize("jump", [timedelta(days=365), timedelta(days=-365)])
async def test_a_clock_that_jumps_wakes_nobody(shop: Shop, jump: timedelta) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    before = await shop.workflow("a")
    group, deadlines = shop.workers()
    await look(group)
    shop.hands.set_by = jump
    with pytest.raises(ClockDistrusted, match="by 525600 minutes"):
        await deadlines.run_once()
    shop.hands.set_by = timedelta()
    await deadlines.run_once()
    await group.stop(PATIENCE)
    assert await shop.workflow("a") == before


async def test_a_jump_is_noticed_by_what_is_under_way(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    before = await shop.workflow("a")
    group, deadlines = shop.workers()
    shop.hands.pass_time(hours=2)
    await look(group)
    await deadlines.run_once()
    shop.hands.set_by = timedelta(days=365)
    await group.stop(PATIENCE)
    assert await shop.workflow("a") == before


async def test_the_health_says_why_deadlines_wait(shop: Shop) -> None:
    group, deadlines = shop.workers()
    said: list[str | None] = []
    deadlines.loop.on_trouble = said.append
    await look(group)
    shop.hands.set_by = timedelta(hours=-1)
    deadlines.loop.start()

    async def told() -> bool:
        return bool(said)

    await until(told)
    assert "the wall clock was set back by 60 minutes" in str(said[0])
    shop.hands.set_by = timedelta()

    async def over() -> bool:
        return said[-1] is None

    await until(over)
    await deadlines.loop.finish(0)
    await group.stop(PATIENCE)


class Interrupted(Orders):
    """What it awaits at its deadline is cancelled by somebody else."""

    @override
    async def on_deadline(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        await await_what_is_cancelled()


async def test_one_whose_step_is_cut_off_is_put_off(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(hours=2)
    group, deadlines = shop.workers([Interrupted(shop.hands.wall)])
    await look(group)
    await deadlines.run_once()
    await group.stop(PATIENCE)
    stored = await shop.workflow("a")
    assert (stored["attempts"], stored["error"]) == (1, "what it awaited was cancelled")
    assert not await shop.due()
