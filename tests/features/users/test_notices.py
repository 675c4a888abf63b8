"""Readers switch notices off, under one or by /notices, and on again."""

from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons
from tests.features.besitos.beside import grant, until_told
from yabot.playground.client import PlaygroundClient


async def test_they_are_switched_off_and_on_in_the_chat(playing: Program) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Noa", "en")
        await reader.ask("/start")
        (told,) = await reader.ask("/notices")
        assert told["text"].startswith("I tell you by myself of presents")
        (off,) = await reader.press("notices:off")
        assert off["text"].startswith("From now on I only answer you")
        assert buttons(off) == ["notices:on"]
        shown = await reader.own_data()
        assert shown["state"]["preferences"]["notifications_enabled"] is False

        # A hint would be told of otherwise.
        before = await reader.answers()
        await grant(playing.stores, reader.user_id, 50)
        until_told(playing.stores)
        assert await reader.answers() == before

        (on,) = await reader.press("notices:on")
        assert buttons(on) == ["notices:off"]
        shown = await reader.own_data()
        assert shown["state"]["preferences"]["notifications_enabled"] is True
