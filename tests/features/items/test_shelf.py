"""Items in MongoDB: whole or not at all."""

import asyncio
from collections.abc import Callable

import pytest

from tests.features.items.things import item
from tests.features.users.storage.world import new_world
from yabot.errors import InvalidInput
from yabot.features.items.demo import demo_items
from yabot.features.items.feature import FEATURE
from yabot.features.items.model import Item
from yabot.features.items.shelf import COLLECTION, Shelf
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

BOAT, PLATE, PEN = item("boat", 3), item("plate"), item("pen", 1)


async def test_the_cheapest_come_first_and_last_what_is_not_for_sale(
    documents: DocumentStore,
) -> None:
    shelf = Shelf(documents)
    await shelf.replace([PLATE, BOAT, PEN])
    assert await shelf.all() == [PEN, BOAT, PLATE]
    assert await shelf.find("boat") == BOAT
    assert await shelf.find("unicorn") is None


async def test_the_demo_fits_the_collection(documents: DocumentStore) -> None:
    assert await Shelf(documents).fill(demo_items())
    assert len(await Shelf(documents).all()) == len(demo_items())


async def test_an_empty_shelf_is_filled_and_another_left_alone(documents: DocumentStore) -> None:
    shelf = Shelf(documents)
    assert await shelf.is_empty()
    assert await shelf.fill([BOAT, PEN])
    assert not await shelf.is_empty()
    assert not await shelf.fill([PLATE])
    assert await shelf.all() == [PEN, BOAT]


async def test_a_start_fills_an_empty_shelf_and_begins_no_transaction_for_another(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    services = new_world(sqlite_database, documents).services
    assert FEATURE.prepare is not None
    await FEATURE.prepare(services)
    begun = await transactions(documents)
    await FEATURE.prepare(services)
    assert await transactions(documents) == begun > 0
    assert len(await Shelf(documents).all()) == len(demo_items())


async def transactions(documents: DocumentStore) -> int:
    """How many have begun so far."""
    status = await documents.database.command("serverStatus")
    return int(status["transactions"]["totalStarted"])


async def test_of_several_processes_that_start_at_once_one_fills_it(
    new_documents: Callable[[], DocumentStore], documents: DocumentStore
) -> None:
    shelves = [Shelf(new_documents()) for _ in range(4)]
    filled = await asyncio.gather(*(shelf.fill([BOAT, PEN]) for shelf in shelves))
    assert sorted(filled) == [False, False, False, True]
    assert await Shelf(documents).all() == [PEN, BOAT]


async def test_an_import_that_fails_half_way_changes_nothing(documents: DocumentStore) -> None:
    """The second document is one that MongoDB's validator refuses."""
    shelf = Shelf(documents)
    await shelf.replace([BOAT])
    broken = PEN.model_copy(update={"type": "weapon"})
    with pytest.raises(Exception, match="failed validation"):
        await shelf.replace([PLATE, broken], drop=True)
    assert await shelf.all() == [BOAT]


async def test_what_readers_may_own_does_not_go_by_mistake(documents: DocumentStore) -> None:
    shelf = Shelf(documents)
    await shelf.replace([BOAT, PEN, PLATE])
    with pytest.raises(InvalidInput, match="readers may own boat, plate"):
        await shelf.replace([PEN])
    assert len(await shelf.all()) == 3
    await shelf.replace([PEN], drop=True)
    assert await shelf.all() == [PEN]


async def test_an_import_changes_prices_and_adds(documents: DocumentStore) -> None:
    shelf = Shelf(documents)
    await shelf.replace([BOAT])
    await shelf.replace([item("boat", 9), PEN])
    assert await shelf.all() == [PEN, item("boat", 9)]
    assert await documents[COLLECTION].count_documents({}) == 2


def brought(item_id: str) -> Item:
    made = item(item_id)
    return made.model_copy(update={"metadata": made.metadata.model_copy(update={"brought": True})})


async def test_what_was_brought_is_in_no_file_and_stays_when_one_is_imported(
    documents: DocumentStore,
) -> None:
    shelf = Shelf(documents)
    await shelf.bring([brought("rose"), brought("letter")])
    assert await shelf.is_empty()
    assert await shelf.fill([BOAT])
    await shelf.bring([brought("rose"), brought("boat")])
    assert await shelf.ids() == ({"rose", "letter", "boat"}, 2)
    assert await shelf.all() == [BOAT]
    await shelf.replace([BOAT, PEN])
    assert await shelf.all() == [PEN, BOAT]
    assert await shelf.those(["rose", "boat", "unicorn"]) == [BOAT, brought("rose")]


async def test_a_file_that_names_what_was_brought_makes_it_its_own(
    documents: DocumentStore,
) -> None:
    shelf = Shelf(documents)
    await shelf.bring([brought("pen")])
    await shelf.replace([PEN])
    assert await shelf.all() == [PEN]
    assert await shelf.ids() == ({"pen"}, 0)
