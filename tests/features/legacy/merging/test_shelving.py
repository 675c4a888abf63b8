"""Items for the things of the old bot: one for each, bounded, and their names come back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.harness import Harness
from tests.features.items.things import item
from tests.features.legacy.house import ANA, House, house_of, old_user, texts
from yabot.features.items.service import ItemService
from yabot.features.items.shelf import Shelf
from yabot.features.legacy.merging.rules import differing
from yabot.features.legacy.merging.shelving import Shelving
from yabot.features.legacy.merging.things import item_id
from yabot.storage.documents.store import DocumentStore

NAMES = st.text(max_size=40) | st.from_regex("[a-z0-9_]{1,30}", fullmatch=True)


@given(NAMES, NAMES)
def test_every_name_has_an_id_of_its_own(one: str, other: str) -> None:
    ids = [item_id("inventory", one), item_id("achievements", one), item_id("inventory", other)]
    assert all(re.fullmatch("[a-z0-9_]{1,24}", each) for each in ids)
    assert len({*ids}) == 2 + (one != other)


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("rosa", "rosa"),
        ("Carta de Lucien", "carta_de_lucien_fctcu444"),
        ("¿?", "thing_"),
        # It could be somebody else's.
        ("carta_de_lucien_fctcu444", "carta_de_lucien_"),
    ],
)
def test_an_id_says_what_it_is(name: str, of: str) -> None:
    assert item_id("inventory", name).startswith(of)


async def test_items_are_made_once_and_not_without_end(documents: DocumentStore) -> None:
    shelf = Shelf(documents)
    await shelf.replace([item("rosa", 3)])
    shelving = Shelving(shelf, texts(), most=2)
    made = await shelving.shelved("inventory", ["rosa", "Carta", "llave"])
    assert made["rosa"] == "rosa"
    assert made["llave"] == "llave"
    # Another process does not know of them.
    other = Shelving(Shelf(documents), texts(), most=2)
    found = await other.shelved("inventory", ["Carta", "espejo", "rosa"])
    assert found == {"Carta": made["Carta"], "rosa": "rosa"}
    (carta,) = await shelf.those([made["Carta"]])
    assert carta.name == {"es": "Carta", "en": "Carta"}
    assert (carta.type, carta.metadata.price) == ("virtual_item", None)
    assert await shelf.all() == [item("rosa", 3)]


async def test_what_finds_no_room_is_kept_and_comes_back(
    working: Harness, documents: DocumentStore
) -> None:
    house = house_of(working.services)
    shelf = working.services[ItemService].shelf
    house.merger._applying._shelving = Shelving(shelf, texts(), most=1)
    there = old_user(inventory=("llave", "rosa", "rosa"), achievements=("first_kiss",))
    await house.merge(there)
    assert await house.owned() == {"llave": 1}
    kept = await house.kept()
    assert kept.inventory.unshelved == ("rosa", "rosa")
    assert kept.achievements.unshelved == ("first_kiss",)
    assert differing(await house.ours(), there) == ()
    # Later there is room, and they use up two, of which one had none.
    house.merger._applying._shelving = Shelving(shelf, texts())
    there = old_user(inventory=("llave", "rosa", "rosa", "rosa"), achievements=("first_kiss",))
    await house.merge(there)
    there = old_user(inventory=("rosa",), achievements=("first_kiss",))
    await house.merge(there)
    assert differing(await house.ours(), there) == ()
    assert await house.audits() == []


async def test_the_shop_shows_what_was_brought_and_not_all_of_hundreds(
    working: Harness,
) -> None:
    house: House = house_of(working.services)
    await working.services[ItemService].shelf.replace([item("boat", 3)])
    reader = await working.join("Ana")
    things = tuple(f"cosa {n}" for n in range(40))
    await house.merge(old_user(reader.user_id, kisses=5, inventory=("Carta de Lucien", *things)))
    (counter,) = await reader.say("/shop")
    assert "… and 11 more" in counter
    assert "🎁 <b>cosa 0</b> × 1" in counter
    assert len(counter) < 4096
    assert reader.user_id != ANA
