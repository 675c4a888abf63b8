"""Items and inventories, as other services ask for them and change them."""

import asyncio
from typing import Any

import pytest

from tests.api.client import ApiClient
from tests.features.harness import Harness
from tests.features.items.things import FILE
from yabot.features.items.events import ItemAcquired, ItemRemoved
from yabot.features.items.file import parse_items
from yabot.features.items.service import MOST_OF_ONE, ItemService
from yabot.storage.documents.store import DocumentStore
from yabot_client import AsyncClient
from yabot_client.codes import (
    ItemNotOwned,
    ItemUnique,
    ItemUnknown,
    PreconditionFailed,
    ScopeMissing,
    TooManyItems,
    UserUnknown,
)
from yabot_client.tagged import Tagged
from yabot_client.types import InventoryEntry, UserInventory

# Of the file: the key is unique.
KEY, CRUMB = parse_items(FILE, "test.yaml")


@pytest.fixture
def unreachable(documents: DocumentStore) -> DocumentStore:
    """With MongoDB: items are read."""
    return documents


@pytest.fixture(autouse=True)
async def shelf(harness: Harness) -> None:
    await harness.services[ItemService].shelf.replace([CRUMB, KEY])


def many(quantity: int, item_id: str = "crumb") -> InventoryEntry:
    return {"item_id": item_id, "quantity": quantity}


async def grant(
    yabot: AsyncClient, user_id: str, quantity: int, item_id: str = "crumb", **named: Any
) -> Tagged[UserInventory]:
    return await yabot.grant_item(user_id, item_id=item_id, quantity=quantity, **named)


async def take(
    yabot: AsyncClient, user_id: str, quantity: int, item_id: str = "crumb", **named: Any
) -> Tagged[UserInventory]:
    return await yabot.take_item(user_id, item_id=item_id, quantity=quantity, **named)


async def owned(yabot: AsyncClient, user_id: str) -> list[InventoryEntry]:
    return (await yabot.get_user_inventory(user_id)).value["items"]


async def test_items_are_all_that_there_are(yabot: AsyncClient) -> None:
    found = await yabot.list_items()
    key, crumb = found.value["items"]
    assert crumb["item_id"] == "crumb"
    assert key == {
        "item_id": "key",
        "name": {"es": "La llave", "en": "The key"},
        "type": "virtual_item",
        "description": {"es": "Abre.", "en": "It opens."},
        "emoji": "🗝",
        "price": 4,
        "unique": True,
    }
    assert (await yabot.get_item("key")).value == key
    assert await yabot.list_items(known=found) is found


async def test_an_unknown_item_is_404(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    for asked in (
        yabot.get_item("boat"),
        grant(yabot, ana.user_id, 1, "boat"),
        take(yabot, ana.user_id, 1, "boat"),
    ):
        with pytest.raises(ItemUnknown):
            await asked


async def test_an_unknown_user_is_404(yabot: AsyncClient) -> None:
    for asked in (
        yabot.get_user_inventory("4242"),
        grant(yabot, "4242", 1),
        take(yabot, "4242", 1),
    ):
        with pytest.raises(UserUnknown):
            await asked


async def test_what_is_granted_is_owned_and_told_of(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    granted = await grant(yabot, ana.user_id, 3, idempotency_key="one")
    assert granted.value == {"items": [many(3)]}
    assert await yabot.get_user_inventory(ana.user_id) == granted
    assert await yabot.get_user_inventory(ana.user_id, known=granted) is granted
    assert (await yabot.get_user_state(ana.user_id)).value["inventory"] == [many(3)]
    assert await ana.events(ItemAcquired) == [{**many(3), "transaction_id": "api:orders:one"}]


async def test_what_is_taken_is_owned_no_more_and_told_of(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await grant(yabot, ana.user_id, 1, "key")
    await grant(yabot, ana.user_id, 3)
    left = await take(yabot, ana.user_id, 2, idempotency_key="two")
    assert left.value["items"] == [many(1, "key"), many(1)]
    assert (await take(yabot, ana.user_id, 1)).value["items"] == [many(1, "key")]
    told, _ = await ana.events(ItemRemoved)
    assert told == {**many(2), "transaction_id": "api:orders:two"}


async def test_nobody_loses_what_they_have_not(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    await grant(yabot, ana.user_id, 1)
    for quantity, item_id in ((2, "crumb"), (1, "key")):
        with pytest.raises(ItemNotOwned):
            await take(yabot, ana.user_id, quantity, item_id)
    assert await owned(yabot, ana.user_id) == [many(1)]
    assert not await ana.events(ItemRemoved)


async def test_what_is_on_the_shelf_no_more_can_be_taken(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await grant(yabot, ana.user_id, 2)
    await harness.services[ItemService].shelf.replace([KEY], drop=True)
    with pytest.raises(ItemNotOwned):
        await take(yabot, ana.user_id, 3)
    assert (await take(yabot, ana.user_id, 2)).value["items"] == []


async def test_of_what_is_unique_a_user_has_one(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    with pytest.raises(ItemUnique):
        await grant(yabot, ana.user_id, 2, "key")
    await grant(yabot, ana.user_id, 1, "key")
    with pytest.raises(ItemUnique):
        await grant(yabot, ana.user_id, 1, "key")
    assert await owned(yabot, ana.user_id) == [many(1, "key")]


async def test_there_is_an_end_to_it(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    items = harness.services[ItemService]

    async def fill(work: Any) -> None:
        await items.grant(
            work, await ana.user(), "crumb", transaction_id="test", quantity=MOST_OF_ONE - 1
        )

    await harness.commit(fill)
    with pytest.raises(TooManyItems):
        await grant(yabot, ana.user_id, 2)
    assert (await grant(yabot, ana.user_id, 1)).value["items"] == [many(MOST_OF_ONE)]


async def test_a_key_grants_once(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    asking = (grant(yabot, ana.user_id, 1, idempotency_key="one") for _ in range(10))
    await asyncio.gather(*asking)
    assert await owned(yabot, ana.user_id) == [many(1)]


async def test_five_that_take_the_last_at_once_take_one(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await grant(yabot, ana.user_id, 1)
    asking = (take(yabot, ana.user_id, 1) for _ in range(5))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(each, ItemNotOwned) for each in answers) == 4
    assert len(await ana.events(ItemRemoved)) == 1


async def test_an_inventory_that_has_changed_since_is_left_alone(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    etag = (await grant(yabot, ana.user_id, 2)).etag
    # Another part of the state steps on: that is nobody's conflict.
    await ana.say("/language")
    await take(yabot, ana.user_id, 1, if_match=etag)
    with pytest.raises(PreconditionFailed):
        await take(yabot, ana.user_id, 1, if_match=etag)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 1001},
        {"quantity": 1.0},
        {"item_id": "$where"},
        {"item_id": "x" * 25},
        {"item_id": {"$ne": "key"}},
        {"price": 1},
    ],
)
async def test_what_cannot_be_granted_is_not(
    api: ApiClient, harness: Harness, wrong: dict[str, Any]
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    for deed in ("grant", "take"):
        refused = await api.post(f"{path}/{deed}", {**many(1), **wrong})
        assert (refused.status, refused.code) == (422, "invalid_request")
    assert (await api.get(path)).body == {"items": []}


async def test_a_grant_during_a_deletion_leaves_nothing_behind(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    granting = (grant(yabot, ana.user_id, 1) for _ in range(3))
    answers = await asyncio.gather(
        *granting, yabot.delete_user(ana.user_id), return_exceptions=True
    )
    assert {type(each) for each in answers if isinstance(each, BaseException)} <= {UserUnknown}
    with pytest.raises(UserUnknown):
        await yabot.get_user_inventory(ana.user_id)
    await ana.say("/start")
    assert await owned(yabot, ana.user_id) == []


async def test_who_lacks_the_scope_changes_nothing(
    api: ApiClient, yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    api.scopes = ["items:read", "users:write"]
    for asked in (grant(yabot, ana.user_id, 1), take(yabot, ana.user_id, 1)):
        with pytest.raises(ScopeMissing):
            await asked
    assert await owned(yabot, ana.user_id) == []
