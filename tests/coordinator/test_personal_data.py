"""A user sees their workflows, and takes them along when they go."""

import json

from tests.coordinator.orders import OrderPaid, OrderPlaced, OrderSent, Refused
from tests.coordinator.shop import Shop
from tests.log.units import unit
from tests.storage.dumps import rows_of
from yabot.coordinator.personal_data import personal_data
from yabot.coordinator.tables import workflows


async def forget(shop: Shop, user_id: str, n: int = 1) -> None:
    work = unit(f"forget {user_id} {n}")
    personal_data(shop.database).erase(work, user_id)
    await shop.commits.commit(work)


async def ids(shop: Shop) -> list[str]:
    return [row["id"] for row in await rows_of(shop.database, workflows)]


async def test_a_user_is_told_of_their_own_workflows(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"), "7")
    await shop.tell(OrderPlaced(order="b"), "8")
    await shop.run()
    told = json.loads(json.dumps(await personal_data(shop.database).export("7")))
    [order] = told["workflows"]
    assert (order["id"], order["state"]) == ("order:a", "reserved")
    assert order["data"] == {"order": "a", "history": ["reserve"]}


async def test_what_was_done_is_undone_before_a_user_is_forgotten(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"), "7")
    await shop.tell(OrderPaid(order="a"), "7")
    await shop.tell(OrderPlaced(order="b"), "8")
    await shop.run()
    await forget(shop, "7")
    await shop.run()
    assert await shop.effects() == {
        "a": ["reserve", "charge", "refund", "release"],
        "b": ["reserve"],
    }
    assert await ids(shop) == ["order:a", "order:b"]


async def test_what_has_ended_goes_and_what_is_stuck_stays(shop: Shop) -> None:
    shop.faults.of["reserve"] = [Refused("the shelf is gone")]
    await shop.tell(OrderPlaced(order="a"), "7")
    await shop.tell(OrderPaid(order="a", fault="terminal"), "7")
    await shop.run()
    for event in (OrderPlaced(order="b"), OrderPaid(order="b"), OrderSent(order="b")):
        await shop.tell(event, "7")
    await shop.run()
    shop.hands.pass_time(days=40)
    await shop.run()
    assert [await shop.state(order) for order in "ab"] == ["stuck", "finished"]
    await forget(shop, "7")
    assert await ids(shop) == ["order:a"]


async def test_a_workflow_that_begins_anew_under_its_old_id_has_deadlines_of_its_own(
    shop: Shop,
) -> None:
    """The receipts of the first one are still there."""
    for life in (1, 2):
        await shop.tell(OrderPlaced(order="a"), "7")
        await shop.run()
        shop.hands.pass_time(hours=2)
        await shop.run()
        assert await shop.state("a") == "failed"
        await forget(shop, "7", life)
        assert await ids(shop) == []
    assert await shop.effects() == {"a": ["reserve", "release"] * 2}
