"""A workflow goes from state to state by its events, each of which takes effect once."""

import pytest

from tests.coordinator.orders import OrderCancelled, OrderPaid, OrderPlaced, OrderSent
from tests.coordinator.shop import Shop
from tests.storage.dumps import events_of, rows_of
from yabot.coordinator.tables import workflows
from yabot.log.tables import receipts

pytestmark = pytest.mark.criterion("3.1.5")


async def test_an_order_goes_from_its_first_event_to_its_end(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.tell(OrderSent(order="a"))
    await shop.run()
    assert await shop.state("a") == "sent"
    shop.hands.pass_time(days=31)
    await shop.run()
    assert await shop.state("a") == "finished"
    assert await shop.effects() == {"a": ["reserve", "charge", "send", "close"]}
    assert await shop.dead() == []


async def test_a_step_leaves_its_receipt_and_the_row_that_others_go_on_from(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"), "42")
    await shop.run()
    [event] = await events_of(shop.database, "42")
    found = await rows_of(shop.database, receipts)
    assert [row["cause_id"] for row in found if row["consumer"] == "process:order"] == [
        event["event_id"]
    ]
    row = await shop.workflow("a")
    assert (row["user_id"], row["kind"], row["definition"]) == ("42", "order", 1)
    assert row["partition"] == event["partition"]
    assert row["data"] == '{"order":"a","history":["reserve"]}'
    assert row["done"] == '["reserve"]'


async def test_an_event_for_a_workflow_that_is_not_there_is_done_as_nothing(shop: Shop) -> None:
    await shop.tell(OrderPaid(order="a"))
    await shop.run()
    assert await rows_of(shop.database, workflows) == []
    assert await shop.effects() == {}
    assert await shop.dead() == []


async def test_events_of_a_closed_workflow_are_done_as_nothing(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    before = await shop.effects()
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.run()
    assert await shop.state("a") == "failed"
    assert await shop.effects() == before
    assert await shop.dead() == []


async def test_a_step_that_changes_nothing_leaves_the_row_alone(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    before = await shop.workflow("a")
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    assert await shop.workflow("a") == before


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (OrderSent(order="a"), "undeclared_transition"),
        (OrderPaid(order="a", fault="mistake"), "undeclared_transition"),
    ],
)
async def test_an_undeclared_transition_is_a_dead_letter_and_changes_nothing(
    shop: Shop, event: OrderSent | OrderPaid, code: str
) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run()
    before = await shop.workflow("a")
    await shop.tell(event)
    await shop.run()
    [letter] = await shop.dead()
    assert letter["error_code"] == code
    assert "order:a may not go from" in letter["error"]
    assert await shop.workflow("a") == before
    assert await shop.effects() == {"a": ["reserve"]}


async def test_a_step_that_was_done_before_is_a_dead_letter(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.tell(OrderPaid(order="a"))
    await shop.run()
    [letter] = await shop.dead()
    assert letter["error_code"] == "undeclared_step"
    assert await shop.effects() == {"a": ["reserve", "charge"]}


async def test_what_goes_wrong_once_is_tried_again(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a", fault="once"))
    await shop.tell(OrderPaid(order="a", fault="once"))
    await shop.run()
    assert await shop.state("a") == "charged"
    assert await shop.effects() == {"a": ["reserve", "charge"]}
