"""An items file is items, or every mistake in it with its line."""

from collections.abc import Callable

import pytest
from hypothesis import given

from tests.features.items.things import FILE, catalogues
from yabot.bot.localization import LANGUAGES
from yabot.errors import InvalidInput
from yabot.features.items.demo import demo_items
from yabot.features.items.entry import MAX_ITEMS
from yabot.features.items.file import export_items, parse_items
from yabot.features.items.model import Item, ItemMetadata


def mistakes(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        parse_items(text, "f.yaml")
    return str(refused.value).splitlines()


def test_a_file_is_items() -> None:
    assert parse_items(FILE, "f.yaml") == [
        Item(
            item_id="key",
            name={"es": "La llave", "en": "The key"},
            type="virtual_item",
            metadata=ItemMetadata(
                description={"es": "Abre.", "en": "It opens."}, emoji="🗝", price=4, unique=True
            ),
        ),
        Item(
            item_id="crumb",
            name={"es": "Una miga", "en": "A crumb"},
            type="gift",
            metadata=ItemMetadata(
                description={"es": "Alimenta poco.", "en": "It feeds little."}, emoji="🍞"
            ),
        ),
    ]


def test_a_word_is_a_word() -> None:
    """No boolean, no number, no date."""
    named = FILE.replace("La llave", "No").replace("The key", "1931").replace("Abre.", "2026-11-02")
    key, _ = parse_items(named, "f.yaml")
    assert key.name == {"es": "No", "en": "1931"}
    assert key.metadata.description["es"] == "2026-11-02"


@pytest.mark.standard
@given(catalogues)
def test_what_is_exported_is_what_is_imported(items: list[Item]) -> None:
    assert parse_items(export_items(items), "f.yaml") == items


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.replace("price: 4", "price: dear"), "7: items.key.price must be a whole"),
        (lambda f: f.replace("price: 4", "price: 0"), "7: items.key.price must be a whole"),
        (lambda f: f.replace("price: 4", "price: 1.5"), "7: items.key.price must be a whole"),
        (lambda f: f.replace("price: 4", "price: 1000001"), "7: items.key.price must be a whole"),
        (lambda f: f.replace("price: 4", "prise: 4"), "7: items.key.prise is nothing that we know"),
        (lambda f: f.replace("true", "maybe"), "8: items.key.unique must be true or false"),
        (lambda f: f.replace("type: gift", "type: sword"), "13: items.crumb.type should be 'gift'"),
        (lambda f: f.replace("    type: gift\n", ""), "9: items.crumb.type is missing"),
        (lambda f: f.replace(", en: The key", ""), "3: items.key.name must have a text in each of"),
        (lambda f: f.replace("en: The key", "en: The key, fr: x"), "3: items.key.name must have"),
        (lambda f: f.replace("La llave", "''"), "3: items.key.name.es is empty"),
        (lambda f: f.replace("La llave", "x" * 49), "3: items.key.name.es should have at most 48"),
        (lambda f: f.replace("  key:", "  Key:"), "2: items.Key must be 1 to 24 characters of"),
        (lambda f: f.replace("  crumb:", "  key:"), "9: 'key' is there twice"),
        (lambda f: f.replace("emoji: 🍞", "emoji: [x]"), "12: items.crumb.emoji must be text"),
        (lambda f: f.replace("{es: Abre., en: It opens.}", "x"), "4: items.key.description must"),
        (lambda f: f + "more: 1\n", "14: more is nothing that we know here"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(change: Callable[[str], str], said: str) -> None:
    (line,) = mistakes(change(FILE))
    assert line.startswith(f"f.yaml:{said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: the file is empty"),
        ("- key", "1: the file must be a mapping"),
        ("things: {}", "1: items is missing"),
        ("items: {}", "1: items has nothing in it"),
        ("items:\n  key: [", "2: not valid YAML"),
        ("items:\n  key: {[a]: 1}", "2: a key must be text"),
        ("items:\n  key: \0", "2: the character U+0000 is not allowed"),
        ('items:\n  key: "\\UFFFFFFFF"', "2: not valid YAML: a number of a character"),
        ('items:\n  key: "\\U00110000"', "2: not valid YAML: a number of a character"),
        (f"%YAML 1.{'1' * 5000}\n---\nitems: {{}}", "1: not valid YAML: a number of a character"),
        ("items:\n  pen: *k", "2: aliases"),
        ("items:\n  key: &k {}", "2: a text that begins with ! or & needs quotes"),
        ("items:\n  key: {name: {es: !Hola amigo}}", "2: a text that begins with ! or &"),
        ("[" * 3000, "1: nested deeper than 20 levels"),
    ],
)
def test_what_is_no_items_file_is_refused(text: str, said: str) -> None:
    assert mistakes(text)[0].startswith(f"f.yaml:{said}")


def test_all_mistakes_are_told_at_once_in_the_files_order() -> None:
    broken = FILE.replace("price: 4", "price: x").replace("The key", "''").replace("gift", "sword")
    assert [line.split(":")[1] for line in mistakes(broken)] == ["3", "7", "13"]


def test_a_shop_must_fit_a_message() -> None:
    crumb = FILE[FILE.index("  crumb") :]
    many = "".join(crumb.replace("crumb", f"crumb_{n}") for n in range(MAX_ITEMS + 1))
    assert mistakes(f"items:\n{many}") == [f"f.yaml:1: items has more than {MAX_ITEMS} items"]


def test_the_demo_has_something_of_every_kind_for_whoever_has_earned_a_little() -> None:
    items = demo_items()
    assert {item.type for item in items} == {"gift", "achievement", "virtual_item"}
    assert {item.metadata.unique for item in items} == {True, False}
    assert all(set(item.name) == set(LANGUAGES) for item in items)
    assert sum((item.metadata.price or 0) <= 6 for item in items) >= 3
