"""A workflow that fails for good undoes what it did, the last first, and each step once."""

from datetime import timedelta

import pytest

from tests.coordinator.orders import OrderCancelled, OrderPaid, OrderPlaced, OrderSent, Refused
from tests.coordinator.shop import Shop
from tests.storage.dumps import rows_of
from yabot.coordinator.inspector import Selection, WorkflowNotStuck
from yabot.coordinator.wakeups import ATTEMPTS
from yabot.log.tables import audit_log

pytestmark = pytest.mark.criterion("3.1.4")


async def test_a_refused_step_undoes_those_before_it_in_reverse(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.tell(OrderSent(order="a", fault="terminal"))
    await shop.run()
    assert await shop.effects() == {"a": ["reserve", "charge", "refund", "release"]}
    assert await shop.compensated("a") == ["charge", "reserve"]
    row = await shop.workflow("a")
    assert (row["state"], row["done"], row["deadline"]) == ("failed", "[]", None)
    assert row["failure"] == "order_sent is refused"
    assert await shop.dead() == []


async def test_a_step_that_fails_its_workflow_is_undone_as_well(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a", fault="fail"))
    await shop.run()
    assert await shop.effects() == {"a": ["reserve", "charge", "refund", "release"]}
    assert await shop.state("a") == "failed"


async def test_without_anything_to_undo_it_has_just_failed(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a", fault="terminal"))
    await shop.run()
    assert await shop.effects() == {}
    assert await shop.state("a") == "failed"
    assert await shop.compensated("a") == []


async def test_only_the_workflow_that_failed_is_undone(shop: Shop) -> None:
    for order in ("a", "b"):
        await shop.tell(OrderPlaced(order=order))
        await shop.tell(OrderPaid(order=order))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    assert await shop.effects() == {
        "a": ["reserve", "charge", "refund", "release"],
        "b": ["reserve", "charge"],
    }
    assert await shop.state("b") == "charged"


async def test_the_audit_says_what_was_undone_for_whom_and_why(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"), "42")
    await shop.tell(OrderCancelled(order="a"), "42")
    await shop.run()
    [told] = [r for r in await rows_of(shop.database, audit_log) if r["kind"] == "compensation"]
    assert told["user_id"] == "42"
    assert told["details"] == '{"workflow": "order:a", "step": "reserve", "reason": "cancelled"}'


async def test_a_compensation_that_fails_is_tried_again_after_a_growing_pause(shop: Shop) -> None:
    shop.faults.of["charge"] = [RuntimeError("the bank sleeps"), RuntimeError("it still does")]
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    row = await shop.workflow("a")
    assert (row["state"], row["attempts"]) == ("compensating", 1)
    assert row["error"].startswith("RuntimeError at ")
    first_pause = row["deadline"] - row["updated_at"]
    shop.hands.pass_time(minutes=15)
    await shop.run()
    row = await shop.workflow("a")
    assert row["attempts"] == 2
    assert (row["deadline"] - row["updated_at"]) - timedelta(minutes=15) > first_pause
    assert await shop.effects() == {"a": ["reserve", "charge"]}
    shop.hands.pass_time(minutes=30)
    await shop.run()
    assert await shop.state("a") == "failed"
    assert await shop.effects() == {"a": ["reserve", "charge", "refund", "release"]}


async def test_after_its_attempts_it_is_stuck_until_somebody_resumes_it(shop: Shop) -> None:
    shop.faults.of["reserve"] = [RuntimeError("the shelf is locked")] * ATTEMPTS
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    for _ in range(ATTEMPTS):
        await shop.run()
        assert await shop.inspector.counts() == {("order", await shop.state("a")): 1}
        shop.hands.pass_time(hours=2)
    [stuck] = await shop.inspector.newest(Selection(state="stuck"), most=2)
    assert (stuck.id, stuck.attempts) == ("order:a", ATTEMPTS)
    assert (stuck.error or "").startswith("RuntimeError at ")
    assert stuck.deadline is None
    assert await shop.compensated("a") == ["charge"]

    await shop.resume("a")
    with pytest.raises(WorkflowNotStuck, match="order:a is compensating, not stuck"):
        await shop.resume("a")
    assert await shop.resumed_by() == ["ana"]
    await shop.run()
    assert await shop.state("a") == "failed"
    assert await shop.effects() == {"a": ["reserve", "charge", "refund", "release"]}


async def test_a_compensation_that_can_never_succeed_is_stuck_at_once(shop: Shop) -> None:
    shop.faults.of["reserve"] = [Refused("the shelf is gone")]
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    assert await shop.state("a") == "stuck"


@pytest.mark.parametrize("text", ["a zero\0", "half a pair\ud800", "x" * 100_000])
async def test_whatever_an_error_says_it_is_put_off(shop: Shop, text: str) -> None:
    """No database takes the first two."""
    shop.faults.of["reserve"] = [RuntimeError(text)]
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    row = await shop.workflow("a")
    assert (row["state"], row["attempts"]) == ("compensating", 1)
    assert len(row["error"]) <= 500
    shop.hands.pass_time(minutes=15)
    await shop.run()
    assert await shop.state("a") == "failed"


@pytest.mark.parametrize("text", ["a zero\0", "half a pair\ud800"])
async def test_whatever_a_refusal_says_the_workflow_fails(shop: Shop, text: str) -> None:
    shop.faults.of["deadline"] = [Refused(text)]
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    shop.hands.pass_time(hours=2)
    await shop.run()
    assert await shop.state("a") == "failed"
    assert await shop.effects() == {"a": ["reserve", "release"]}
