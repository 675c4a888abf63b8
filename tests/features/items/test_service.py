"""What a reader owns is in their state, and every grant is told."""

import json

import pytest

from tests.features.users.storage.world import new_world
from tests.log.units import unit
from tests.storage.dumps import events_of
from yabot.errors import GuardFailed
from yabot.features.items.inventory import Inventory, InventoryEntry
from yabot.features.items.service import ItemService
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


def test_what_is_added_is_counted_with_what_is_there() -> None:
    inventory = Inventory()
    for item_id, quantity in (("boat", 1), ("pen", 2), ("boat", 3)):
        inventory = inventory.with_more(item_id, quantity)
    assert inventory.root == (
        InventoryEntry(item_id="boat", quantity=4),
        InventoryEntry(item_id="pen", quantity=2),
    )
    assert inventory.quantities() == {"boat": 4, "pen": 2}


@pytest.mark.criterion("1.3.2")
async def test_a_grant_is_owned_and_told_with_its_unit(
    database: Database, documents: DocumentStore
) -> None:
    world = new_world(database, documents)
    items = world.services[ItemService]
    user = await world.register()
    work = unit("grant")
    await items.grant(work, user, "boat", transaction_id="purchase:7:1", quantity=2)
    assert await items.owned(await world.known()) == {}
    await world.services.commits.commit(work)
    assert await items.owned(await world.known()) == {"boat": 2}
    *_, told = await events_of(database, "7")
    assert told["event_type"] == "item_acquired"
    payload = {"item_id": "boat", "quantity": 2, "transaction_id": "purchase:7:1"}
    assert json.loads(told["envelope"])["payload"] == payload


async def test_a_grant_on_a_state_that_has_moved_on_fails_its_guard(
    database: Database, documents: DocumentStore
) -> None:
    world = new_world(database, documents)
    items, user = world.services[ItemService], await world.register()
    first, second = unit("first"), unit("second")
    for work in (first, second):
        known = await world.known(user.user_id)
        await items.grant(work, known, "boat", transaction_id=work.cause.id)
    await world.services.commits.commit(first)
    with pytest.raises(GuardFailed):
        await world.services.commits.commit(second)
    assert await items.owned(await world.known()) == {"boat": 1}
