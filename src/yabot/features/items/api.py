"""Items and who owns them, for other services."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import ConfigDict, Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import PRECONDITION_FAILED, Problem
from yabot.api.answering.shown import Shown
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import StoryId, UserId
from yabot.api.operations.requests import AskingAgain, Change, Posting, etag_of
from yabot.api.operations.routes import Routes, StrictBody
from yabot.canonical import STORY_ID
from yabot.feature import Services
from yabot.features.items.inventory import InventoryEntry
from yabot.features.items.model import Item, ItemType, Texts
from yabot.features.items.service import MOST_OF_ONE, Giving, ItemService, Taking
from yabot.features.users.api import USER_UNKNOWN, known, there
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork

MOST_AT_ONCE = 1000

ITEM_UNKNOWN = Problem(404, "item_unknown", "There is no such item; GET /api/v1/items names all.")
ITEM_UNIQUE = Problem(409, "item_unique", "Of this item a user has one at most.")
TOO_MANY = Problem(409, "too_many_items", f"Of one item a user has {MOST_OF_ONE} at most.")
NOT_OWNED = Problem(409, "item_not_owned", "The user has fewer of this item; nothing was taken.")
_REFUSALS: dict[Giving | Taking, Problem] = {
    "unknown_item": ITEM_UNKNOWN,
    "unique": ITEM_UNIQUE,
    "too_many": TOO_MANY,
    "not_owned": NOT_OWNED,
}


class ItemDetails(Shown):
    """Something that users can come to own."""

    model_config = ConfigDict(from_attributes=True)

    item_id: str
    name: Texts = Field(description="by language")
    type: ItemType
    description: Texts = Field(description="by language")
    emoji: str
    price: int | None = Field(description="in besitos; null: it is not for sale")
    unique: bool = Field(description="true: a user has one at most")

    @classmethod
    def of(cls, item: Item) -> "ItemDetails":
        details = item.metadata.model_dump(exclude={"brought"})
        return cls(item_id=item.item_id, name=item.name, type=item.type, **details)


class Items(Shown):
    """All that there are: the cheapest first, and last what is not for sale."""

    items: list[ItemDetails]


class UserInventory(Shown):
    """What a user owns, the oldest first; also what is sold and shown no more."""

    items: list[InventoryEntry]

    @classmethod
    def of(cls, owned: Mapping[str, int]) -> "UserInventory":
        entries = [InventoryEntry(item_id=each, quantity=many) for each, many in owned.items()]
        return cls(items=entries)


class ItemQuantity(StrictBody):
    """So many of one item."""

    item_id: Annotated[str, Field(pattern=f"^{STORY_ID}$")]
    quantity: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = 1


class _Inventories:
    def __init__(self, items: ItemService, users: UserService) -> None:
        self._items = items
        self._users = users

    async def of(self, user_id: str) -> UserInventory:
        return await self._of(there(await self._users.find_whole(user_id)))

    async def granted(
        self, work: UnitOfWork, user_id: str, body: ItemQuantity, change: Change
    ) -> Answer:
        user = await self._seen(user_id, change)
        return await self._answer(await self._items.give(work, user, **dict(body)), user)

    async def taken(
        self, work: UnitOfWork, user_id: str, body: ItemQuantity, change: Change
    ) -> Answer:
        user = await self._seen(user_id, change)
        return await self._answer(await self._items.take(work, user, **dict(body)), user)

    async def _seen(self, user_id: str, change: Change) -> User:
        """Raises Refused when the client has seen another inventory."""
        user = await known(self._users, user_id)
        change.require_match(etag_of(await self._of(user)))
        return user

    async def _answer(self, outcome: Giving | Taking, user: User) -> Answer:
        """Raises Refused when nothing was changed."""
        if outcome in _REFUSALS:
            raise _REFUSALS[outcome].refuse()
        owned = await self._of(user)
        return Answer.of(owned, ETag=etag_of(owned))

    async def _of(self, user: User) -> UserInventory:
        return UserInventory.of(await self._items.owned(user))


def routes(services: Services, door: Door) -> Routes:
    routes = Routes("items")
    items, users = services[ItemService], services[UserService]
    _offer_items(routes, items)
    _offer_inventory(routes, _Inventories(items, users), door)
    return routes


def _offer_items(routes: Routes, items: ItemService) -> None:
    @routes.get("/items", needs="items:read", gives=Items)
    async def list_items(asking: AskingAgain) -> Response:
        """All items: there are never more than thirty."""
        found = Items(items=[ItemDetails.of(each) for each in await items.shelf.all()])
        return asking.answer(found, etag_of(found))

    @routes.get("/items/{item_id}", needs="items:read", gives=ItemDetails, refuses=[ITEM_UNKNOWN])
    async def get_item(item_id: StoryId, asking: AskingAgain) -> Response:
        """One item."""
        item = await items.shelf.find(item_id)
        if item is None:
            raise ITEM_UNKNOWN.refuse()
        found = ItemDetails.of(item)
        return asking.answer(found, etag_of(found))


def _offer_inventory(routes: Routes, inventories: _Inventories, door: Door) -> None:
    @routes.get(
        "/user/{user_id}/inventory",
        needs="items:read",
        gives=UserInventory,
        refuses=[USER_UNKNOWN],
    )
    async def get_user_inventory(user_id: UserId, asking: AskingAgain) -> Response:
        """What a user owns; the ETag is that of the inventory alone."""
        found = await inventories.of(user_id)
        return asking.answer(found, etag_of(found))

    @routes.post(
        "/user/{user_id}/inventory/grant",
        needs="items:write",
        gives=UserInventory,
        refuses=[USER_UNKNOWN, ITEM_UNKNOWN, ITEM_UNIQUE, TOO_MANY, PRECONDITION_FAILED],
    )
    async def grant_item(user_id: UserId, body: ItemQuantity, change: Posting) -> Response:
        """Give a user an item, for which nobody pays here, and give what they own then."""
        return await door.change(
            change, lambda work: inventories.granted(work, user_id, body, change), user_id
        )

    @routes.post(
        "/user/{user_id}/inventory/take",
        needs="items:write",
        gives=UserInventory,
        refuses=[USER_UNKNOWN, ITEM_UNKNOWN, NOT_OWNED, PRECONDITION_FAILED],
    )
    async def take_item(user_id: UserId, body: ItemQuantity, change: Posting) -> Response:
        """Take an item from a user, all of the quantity or nothing, and give what is left."""
        return await door.change(
            change, lambda work: inventories.taken(work, user_id, body, change), user_id
        )
