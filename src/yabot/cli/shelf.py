"""The items in MongoDB, for `yabot items import` and `export`."""

from collections.abc import Sequence

from yabot.app.stores import open_documents
from yabot.cli.context import load_settings
from yabot.errors import InvalidInput
from yabot.features.items.model import Item
from yabot.features.items.shelf import COLLECTIONS, Shelf


async def replace_all(items: Sequence[Item], drop: bool) -> None:
    """Replace all items; with ``drop``, also if readers own items that are not among them."""
    async with open_documents(load_settings()) as documents:
        await documents.ensure(COLLECTIONS)
        await Shelf(documents).replace(items, drop=drop)


async def all_items() -> list[Item]:
    async with open_documents(load_settings()) as documents:
        items = await Shelf(documents).all()
    if not items:
        raise InvalidInput("there are no items yet; `yabot items import FILE` brings some")
    return items
