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

# Of the file: the key is unique.
KEY, CRUMB = parse_items(FILE, "test.yaml")


@pytest.fixture
def unreachable(documents: DocumentStore) -> DocumentStore:
    """With MongoDB: items are read."""
    return documents


@pytest.fixture(autouse=True)
async def shelf(harness: Harness) -> None:
    await harness.services[ItemService].shelf.replace([CRUMB, KEY])


def many(quantity: int, item_id: str = "crumb") -> dict[str, Any]:
    return {"item_id": item_id, "quantity": quantity}


async def test_items_are_all_that_there_are(api: ApiClient) -> None:
    found = await api.get("/items")
    assert [each["item_id"] for each in found.body["items"]] == ["key", "crumb"]
    key, _ = found.body["items"]
    assert key == {
        "item_id": "key",
        "name": {"es": "La llave", "en": "The key"},
        "type": "virtual_item",
        "description": {"es": "Abre.", "en": "It opens."},
        "emoji": "🗝",
        "price": 4,
        "unique": True,
    }
    assert (await api.get("/items/key")).body == key
    assert (await api.get("/items", If_None_Match=found.headers["ETag"])).status == 304


async def test_an_unknown_item_is_404(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    for refused in (
        await api.get("/items/boat"),
        await api.post(f"/user/{ana.user_id}/inventory/grant", many(1, "boat")),
        await api.post(f"/user/{ana.user_id}/inventory/take", many(1, "boat")),
    ):
        assert (refused.status, refused.code) == (404, "item_unknown")


async def test_an_unknown_user_is_404(api: ApiClient) -> None:
    for refused in (
        await api.get("/user/4242/inventory"),
        await api.post("/user/4242/inventory/grant", many(1)),
        await api.post("/user/4242/inventory/take", many(1)),
    ):
        assert (refused.status, refused.code) == (404, "user_unknown")


async def test_what_is_granted_is_owned_and_told_of(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    answered = await api.post(f"{path}/grant", many(3), key="one")
    assert (answered.status, answered.body) == (200, {"items": [many(3)]})
    found = await api.get(path)
    assert (found.body, found.headers["ETag"]) == (answered.body, answered.headers["ETag"])
    assert (await api.get(path, If_None_Match=found.headers["ETag"])).status == 304
    assert (await api.get(f"/user/{ana.user_id}/state")).body["inventory"] == [many(3)]
    assert await ana.events(ItemAcquired) == [{**many(3), "transaction_id": "api:orders:one"}]


async def test_what_is_taken_is_owned_no_more_and_told_of(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    await api.post(f"{path}/grant", many(1, "key"))
    await api.post(f"{path}/grant", many(3))
    assert (await api.post(f"{path}/take", many(2), key="two")).body == {
        "items": [many(1, "key"), many(1)]
    }
    assert (await api.post(f"{path}/take", many(1))).body == {"items": [many(1, "key")]}
    told, _ = await ana.events(ItemRemoved)
    assert told == {**many(2), "transaction_id": "api:orders:two"}


async def test_nobody_loses_what_they_have_not(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    await api.post(f"{path}/grant", many(1))
    for quantity, item_id in ((2, "crumb"), (1, "key")):
        refused = await api.post(f"{path}/take", many(quantity, item_id))
        assert (refused.status, refused.code) == (409, "item_not_owned")
    assert (await api.get(path)).body == {"items": [many(1)]}
    assert not await ana.events(ItemRemoved)


async def test_what_is_on_the_shelf_no_more_can_be_taken(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    await api.post(f"{path}/grant", many(2))
    await harness.services[ItemService].shelf.replace([KEY], drop=True)
    refused = await api.post(f"{path}/take", many(3))
    assert (refused.status, refused.code) == (409, "item_not_owned")
    assert (await api.post(f"{path}/take", many(2))).body == {"items": []}


async def test_of_what_is_unique_a_user_has_one(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    for quantity in (2, 1, 1):
        answered = await api.post(f"{path}/grant", many(quantity, "key"))
        if answered.status != 200:
            assert (answered.status, answered.code) == (409, "item_unique")
    assert (await api.get(path)).body == {"items": [many(1, "key")]}


async def test_there_is_an_end_to_it(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    items = harness.services[ItemService]

    async def fill(work: Any) -> None:
        await items.grant(
            work, await ana.user(), "crumb", transaction_id="test", quantity=MOST_OF_ONE - 1
        )

    await harness.commit(fill)
    path = f"/user/{ana.user_id}/inventory/grant"
    refused = await api.post(path, many(2))
    assert (refused.status, refused.code) == (409, "too_many_items")
    assert (await api.post(path, many(1))).body == {"items": [many(MOST_OF_ONE)]}


async def test_a_key_grants_once(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    asking = (api.post(f"{path}/grant", many(1), key="one") for _ in range(10))
    assert {each.status for each in await asyncio.gather(*asking)} == {200}
    assert (await api.get(path)).body == {"items": [many(1)]}


async def test_five_that_take_the_last_at_once_take_one(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    await api.post(f"{path}/grant", many(1))
    answers = await asyncio.gather(*(api.post(f"{path}/take", many(1)) for _ in range(5)))
    assert sorted(each.status for each in answers) == [200, 409, 409, 409, 409]
    assert len(await ana.events(ItemRemoved)) == 1


async def test_an_inventory_that_has_changed_since_is_left_alone(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/inventory"
    etag = (await api.post(f"{path}/grant", many(2))).headers["ETag"]
    # Another part of the state steps on: that is nobody's conflict.
    await ana.say("/language")
    headers = {"If_Match": etag, "Idempotency_Key": "one"}
    assert (await api.ask("POST", f"{path}/take", many(1), headers)).status == 200
    headers = {"If_Match": etag, "Idempotency_Key": "two"}
    late = await api.ask("POST", f"{path}/take", many(1), headers)
    assert (late.status, late.code) == (412, "precondition_failed")


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
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}"
    granting = (api.post(f"{path}/inventory/grant", many(1)) for _ in range(3))
    answers = await asyncio.gather(*granting, api.delete(path))
    assert {each.status for each in answers} <= {200, 204, 404}
    assert (await api.get(f"{path}/inventory")).status == 404
    await ana.say("/start")
    assert (await api.get(f"{path}/inventory")).body == {"items": []}


async def test_who_lacks_the_scope_changes_nothing(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    api.scopes = ["items:read", "users:write"]
    path = f"/user/{ana.user_id}/inventory"
    for deed in ("grant", "take"):
        refused = await api.post(f"{path}/{deed}", many(1))
        assert (refused.status, refused.code) == (403, "scope_missing")
    assert (await api.get(path)).body == {"items": []}
