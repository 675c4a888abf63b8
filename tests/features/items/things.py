"""Items made up for the tests, as models and as a file."""

from hypothesis import strategies as st

from yabot.features.items.entry import MAX_DESCRIPTION, MAX_ITEMS, MAX_NAME
from yabot.features.items.model import MAX_PRICE, Item, ItemMetadata

FILE = """\
items:
  key:
    name: {es: La llave, en: The key}
    description: {es: Abre., en: It opens.}
    emoji: 🗝
    type: virtual_item
    price: 4
    unique: true
  crumb:
    name: {es: Una miga, en: A crumb}
    description: {es: Alimenta poco., en: It feeds little.}
    emoji: 🍞
    type: gift
"""


def item(item_id: str, price: int | None = None) -> Item:
    words = {"es": item_id, "en": item_id}
    metadata = ItemMetadata(description=words, emoji="🗝", price=price)
    return Item(item_id=item_id, name=words, type="gift", metadata=metadata)


def _words(limit: int) -> st.SearchStrategy[dict[str, str]]:
    characters = st.characters(
        exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="\ufeff"
    )
    text = st.text(characters, max_size=limit).map(str.strip).filter(bool)
    return st.fixed_dictionaries({"es": text, "en": text})


items = st.builds(
    Item,
    _id=st.from_regex(r"\A[a-z0-9_]{1,24}\Z"),
    name=_words(MAX_NAME),
    type=st.sampled_from(["gift", "achievement", "virtual_item"]),
    metadata=st.builds(
        ItemMetadata,
        description=_words(MAX_DESCRIPTION),
        emoji=st.sampled_from(["🗝", "🍞", "✏️", "👨\u200d💻"]),
        price=st.none() | st.integers(1, MAX_PRICE),
        unique=st.booleans(),
    ),
)
catalogues = st.lists(items, min_size=1, max_size=MAX_ITEMS, unique_by=lambda item: item.item_id)
