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
# So many can be brought from another bot.
MOST_BROUGHT = 500
DUPLICATE_KEY = 11000
BROUGHT = {"metadata.brought": True}
# Those of the items file; what was there before anything could be brought does not say so.
OWN = {"metadata.brought": {"$ne": True}}


class Shelf:
    """All raise StoreUnavailable; what was to be changed is then either all there or not at all."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    @property
    def _items(self) -> AsyncCollection[dict[str, Any]]:
        return self._documents[COLLECTION]

    async def all(self) -> list[Item]:
        """The cheapest first, and last what is not for sale. Without what was brought."""
        with self._documents.answering():
            found = await self._items.find(OWN).to_list()
        items = [Item.model_validate(document) for document in found]
        return sorted(items, key=_by_price)

    async def find(self, item_id: str) -> Item | None:
        document = await self._documents.find(COLLECTION, item_id)
        return None if document is None else Item.model_validate(document)

    async def those(self, item_ids: Sequence[str]) -> list[Item]:
        """Those of them that there are, brought or not, in the order of their ids."""
        with self._documents.answering():
            found = await self._items.find({"_id": {"$in": item_ids}}).sort("_id").to_list()
        return [Item.model_validate(document) for document in found]

    async def ids(self) -> tuple[set[str], int]:
        """Of all that there are, and how many of them were brought."""
        with self._documents.answering():
            return (
                set(await self._items.distinct("_id")),
                await self._items.count_documents(BROUGHT),
            )

    async def bring(self, items: Sequence[Item]) -> None:
        """Put those there that are not: another process may be faster."""
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
        """Put them there if nothing is; False: there is something already."""

        async def write(session: AsyncClientSession) -> bool:
            if await self._items.find_one(OWN, session=session) is not None:
                return False
            await self._put(items, session)
            return True

        return await self._documents.transaction(write)

    async def replace(self, items: Sequence[Item], *, drop: bool = False) -> None:
        """Switch to ``items``. Raises InvalidInput when some would be gone, unless they may
        (``drop``): nobody sees any more what readers own of them.
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
        """What was brought stays, unless the file has made it its own."""
        kept = [item.item_id for item in items]
        replaced = {"$or": [OWN, {"_id": {"$in": kept}}]}
        await self._items.delete_many(replaced, session=session)
        await self._items.insert_many(_documents(items), session=session)


def _by_price(item: Item) -> tuple[bool, int, str]:
    price = item.metadata.price
    return price is None, price or 0, item.item_id


def _documents(items: Sequence[Item]) -> list[dict[str, object]]:
    return [item.model_dump(by_alias=True) for item in items]
