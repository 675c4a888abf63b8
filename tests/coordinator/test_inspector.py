"""Whoever looks after the program sees where workflows stand, and what fails."""

import pytest

from tests.coordinator.orders import OrderCancelled, OrderPaid, OrderPlaced, Refused
from tests.coordinator.shop import Shop
from yabot.coordinator.inspector import Place, Selection, WorkflowUnknown
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
    shop.hands.pass_time(minutes=15)
    await shop.run()
    await shop.inspector.measure()
    assert (workflows("compensating"), workflows("stuck"), failing()) == (0, 1, 0)


async def test_one_and_the_newest_are_found(shop: Shop) -> None:
    for order, user_id in (("a", "7"), ("b", "8"), ("c", "7")):
        await shop.tell(OrderPlaced(order=order), user_id)
        await shop.run()
    await shop.tell(OrderPaid(order="a"))
    await shop.run()

    async def newest(most: int = 9, after: Place | None = None, **selected: str) -> list[str]:
        found = await shop.inspector.newest(Selection(**selected), most, after)
        return [each.id for each in found]

    assert await newest() == ["order:c", "order:b", "order:a"]
    assert await newest(most=2, state="reserved") == ["order:c", "order:b"]
    assert await newest(user_id="7", kind="order") == ["order:c", "order:a"]
    assert await newest(kind="other") == []
    middle = await shop.inspector.get("order:b")
    assert (middle.kind, middle.user_id) == ("order", "8")
    assert await newest(after=(middle.created_at, middle.id)) == ["order:a"]
    # Of one moment, the ids decide.
    assert await newest(after=(middle.created_at, "order:bb")) == ["order:b", "order:a"]
    with pytest.raises(WorkflowUnknown, match="there is no workflow order:z; `yabot workflows"):
        await shop.inspector.get("order:z")
