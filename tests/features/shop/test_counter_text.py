"""The shop is one message, whatever is sold and owned."""

import pytest

from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.measure import LONGEST, plain_text, units
from yabot.features.items.entry import MAX_ITEMS, MAX_NAME
from yabot.features.items.model import Item, ItemMetadata
from yabot.features.shop.scene import counter_text
from yabot.features.shop.service import Counter

FAMILY = "👨‍👩‍👧‍👦"


def wide_items(letter: str) -> list[Item]:
    """As many, and as wide ones, as an items file may hold."""
    return [
        Item(
            item_id=f"item{n}",
            name=dict.fromkeys(("es", "en"), letter * MAX_NAME),
            type="gift",
            metadata=ItemMetadata(
                description={"es": "d", "en": "d"}, emoji=FAMILY, price=999_999, unique=False
            ),
        )
        for n in range(MAX_ITEMS)
    ]


@pytest.mark.parametrize("letter", ["w", "𝕨", "<"])
@pytest.mark.parametrize("language", ["es", "en"])
def test_the_best_customer_of_the_widest_shop_sees_it(letter: str, language: str) -> None:
    items = wide_items(letter)
    counter = Counter(10**9, items, [(each, 1_000) for each in items])
    text = counter_text(counter, language, build_texts(FEATURES).localizer(language))
    assert units(plain_text(text)) <= LONGEST["text"]
    assert text.count("999") >= MAX_ITEMS


def test_what_there_is_no_room_for_is_counted() -> None:
    items = wide_items("w")
    counter = Counter(0, items, [(each, 1_000) for each in items])
    text = counter_text(counter, "en", build_texts(FEATURES).localizer("en"))
    shown = text.count("× 1000")
    assert 0 < shown < MAX_ITEMS
    assert f"{MAX_ITEMS - shown} more" in text
