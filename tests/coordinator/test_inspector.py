"""Whoever looks after the program sees where workflows stand, and what fails."""

from tests.coordinator.orders import OrderCancelled, OrderPaid, OrderPlaced, Refused
from tests.coordinator.shop import Shop
from yabot.observability.metrics import REGISTRY


def workflows(state: str) -> float | None:
    return REGISTRY.get_sample_value("yabot_workflows", {"kind": "order", "state": state})


def failing() -> float | None:
    return REGISTRY.get_sample_value("yabot_workflows_failing", {"kind": "order"})


async def test_the_metrics_count_workflows_by_kind_and_state(shop: Shop) -> None:
    for order in "abc":
        await shop.tell(OrderPlaced(order=order))
    await shop.tell(OrderPaid(order="c"))
    await shop.run()
    await shop.inspector.measure()
    assert (workflows("reserved"), workflows("charged"), failing()) == (2, 1, 0)


async def test_what_fails_and_what_is_stuck_shows(shop: Shop) -> None:
    shop.faults.of["reserve"] = [RuntimeError("not now"), Refused("never")]
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    await shop.inspector.measure()
    assert (workflows("compensating"), failing()) == (1, 1)
    shop.hands.pass_time(seconds=10)
    await shop.run()
    await shop.inspector.measure()
    assert (workflows("compensating"), workflows("stuck"), failing()) == (0, 1, 0)


async def test_one_and_the_newest_are_found(shop: Shop) -> None:
    for order in "abc":
        await shop.tell(OrderPlaced(order=order))
        await shop.run()
    await shop.tell(OrderPlaced(order="a"))
    newest = await shop.inspector.newest("order", "reserved", most=2)
    assert [each.id for each in newest] == ["order:c", "order:b"]
    found = await shop.inspector.find("order:a")
    assert found is not None
    assert (found.kind, found.user_id) == ("order", "7")
    assert await shop.inspector.find("order:z") is None
