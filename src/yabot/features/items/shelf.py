"""Where the items are kept. Readers see one set of them or the next, never a mixture."""

from collections.abc import Sequence
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError

from yabot.errors import InvalidInput
from yabot.features.items.model import Item
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore

COLLECTION = "items"
COLLECTIONS = (Collection(COLLECTION, Item, indexes=(("type",),)),)
# How many items can be brought from another bot.
MOST_BROUGHT = 500
DUPLICATE_KEY = 11000
BROUGHT = {"metadata.brought": True}
# Items of the items file; those from before anything could be brought lack the field.
OWN = {"metadata.brought": {"$ne": True}}


class Shelf:
    """All raise StoreUnavailable; what was to be changed is then either all there or not at all."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    @property
    def _items(self) -> AsyncCollection[dict[str, Any]]:
        return self._documents[COLLECTION]

    async def all(self) -> list[Item]:
        """All but brought items: the cheapest first, those that are not for sale last."""
        with self._documents.answering():
            found = await self._items.find(OWN).to_list()
        items = [Item.model_validate(document) for document in found]
        return sorted(items, key=_by_price)

    async def find(self, item_id: str) -> Item | None:
        document = await self._documents.find(COLLECTION, item_id)
        return None if document is None else Item.model_validate(document)

    async def those(self, item_ids: Sequence[str]) -> list[Item]:
        """The items with these ids that exist, brought or not, ordered by id."""
        with self._documents.answering():
            found = await self._items.find({"_id": {"$in": item_ids}}).sort("_id").to_list()
        return [Item.model_validate(document) for document in found]

    async def ids(self) -> tuple[set[str], int]:
        """The ids of all items, and how many of these were brought."""
        with self._documents.answering():
            return (
                set(await self._items.distinct("_id")),
                await self._items.count_documents(BROUGHT),
            )

    async def bring(self, items: Sequence[Item]) -> None:
        """Insert the items that are missing; another process may be inserting the same."""
        try:
            with self._documents.answering():
                await self._items.insert_many(_documents(items), ordered=False)
        except BulkWriteError as error:
            if any(each["code"] != DUPLICATE_KEY for each in error.details["writeErrors"]):
                raise

    async def is_empty(self) -> bool:
        with self._documents.answering():
            return await self._items.find_one(OWN, {"_id": 1}) is None

    async def fill(self, items: Sequence[Item]) -> bool:
        """Insert ``items`` if there are none; False: there are some already."""

        async def write(session: AsyncClientSession) -> bool:
            if await self._items.find_one(OWN, session=session) is not None:
                return False
            await self._put(items, session)
            return True

        return await self._documents.transaction(write)

    async def replace(self, items: Sequence[Item], *, drop: bool = False) -> None:
        """Switch to ``items``. Raises InvalidInput when items would be gone, unless ``drop``:
        readers would no longer see those that they own.
        """
        kept = [item.item_id for item in items]

        async def write(session: AsyncClientSession) -> None:
            missing = {"_id": {"$nin": kept}, **OWN}
            gone = await self._items.distinct("_id", missing, session=session)
            if gone and not drop:
                raise InvalidInput(
                    f"readers may own {', '.join(sorted(gone))}, which this file does not have: "
                    "keep each, without a price if it is not for sale any more, or import "
                    "with --drop"
                )
            await self._put(items, session)

        await self._documents.transaction(write)

    async def _put(self, items: Sequence[Item], session: AsyncClientSession) -> None:
        """Brought items stay, except those that the file contains as well."""
        kept = [item.item_id for item in items]
        replaced = {"$or": [OWN, {"_id": {"$in": kept}}]}
        await self._items.delete_many(replaced, session=session)
        await self._items.insert_many(_documents(items), session=session)


def _by_price(item: Item) -> tuple[bool, int, str]:
    price = item.metadata.price
    return price is None, price or 0, item.item_id


def _documents(items: Sequence[Item]) -> list[dict[str, object]]:
    return [item.model_dump(by_alias=True) for item in items]
