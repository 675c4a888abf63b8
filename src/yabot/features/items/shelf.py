"""Where the items are kept. Readers see one set of them or the next, never a mixture."""

from collections.abc import Sequence

from pymongo.asynchronous.client_session import AsyncClientSession

from yabot.errors import InvalidInput
from yabot.features.items.model import Item
from yabot.storage.documents.model import Collection
from yabot.storage.documents.store import DocumentStore

COLLECTION = "items"
COLLECTIONS = (Collection(COLLECTION, Item, indexes=(("type",),)),)


class Shelf:
    """All raise StoreUnavailable; what was to be changed is then either all there or not at all."""

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents
        self._items = documents[COLLECTION]

    async def all(self) -> list[Item]:
        """The cheapest first, and last what is not for sale."""
        with self._documents.answering():
            found = await self._items.find({}).to_list()
        items = [Item.model_validate(document) for document in found]
        return sorted(items, key=_by_price)

    async def find(self, item_id: str) -> Item | None:
        document = await self._documents.find(COLLECTION, item_id)
        return None if document is None else Item.model_validate(document)

    async def is_empty(self) -> bool:
        with self._documents.answering():
            return await self._items.find_one({}, {"_id": 1}) is None

    async def fill(self, items: Sequence[Item]) -> bool:
        """Put them there if nothing is; False: there is something already."""

        async def write(session: AsyncClientSession) -> bool:
            if await self._items.find_one({}, session=session) is not None:
                return False
            await self._items.insert_many(_documents(items), session=session)
            return True

        return await self._documents.transaction(write)

    async def replace(self, items: Sequence[Item], *, drop: bool = False) -> None:
        """Switch to ``items``. Raises InvalidInput when some would be gone, unless they may
        (``drop``): nobody sees any more what readers own of them.
        """
        kept = [item.item_id for item in items]

        async def write(session: AsyncClientSession) -> None:
            gone = await self._items.distinct("_id", {"_id": {"$nin": kept}}, session=session)
            if gone and not drop:
                raise InvalidInput(
                    f"readers may own {', '.join(sorted(gone))}, which this file does not have: "
                    "keep each, without a price if it is not for sale any more, or import "
                    "with --drop"
                )
            await self._items.delete_many({}, session=session)
            await self._items.insert_many(_documents(items), session=session)

        await self._documents.transaction(write)


def _by_price(item: Item) -> tuple[bool, int, str]:
    price = item.metadata.price
    return price is None, price or 0, item.item_id


def _documents(items: Sequence[Item]) -> list[dict[str, object]]:
    return [item.model_dump(by_alias=True) for item in items]
