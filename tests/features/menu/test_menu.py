"""/menu leads to what the features bring to it."""

import pytest

from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons
from yabot.playground.client import PlaygroundClient

LABELS = {
    "es": ("💋 Mis besitos", "🛍 La tienda", "Ahora mismo no tienes besitos", "En el bolsillo"),
    "en": ("💋 My besitos", "🛍 The shop", "You have no besitos right now", "In the pocket"),
}


@pytest.mark.parametrize("language", LABELS)
async def test_its_buttons_show_the_balance_and_the_shop(playing: Program, language: str) -> None:
    besitos, shop, balance, counter = LABELS[language]
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Lucía", language)
        (menu,) = await reader.ask("/menu")
        rows = menu["reply_markup"]["inline_keyboard"]
        brought = [(each["text"], each["callback_data"]) for each in rows[1]]
        assert brought == [(besitos, "balance"), (shop, "shop")]
        (told,) = await reader.press("balance")
        assert balance in told["text"]
        (shown,) = await reader.press("shop")
        assert counter in shown["text"]
        assert all(each.startswith("shop:") for each in buttons(shown))
