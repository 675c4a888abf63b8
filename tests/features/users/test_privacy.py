"""/privacy says what is kept, how long, and what /forget leaves."""

import pytest

from tests.e2e.program import Program
from tests.e2e.reader import Reader
from yabot.playground.client import PlaygroundClient

# What it names, and the words that say what stays.
TOLD = {
    "es": (
        "besitos",
        "compras",
        "pagas con estrellas",
        "no caducan",
        "treinta días",
        "sin tu nombre",
    ),
    "en": (
        "besitos",
        "purchases",
        "pay in Stars",
        "not expire",
        "thirty days",
        "without your name",
    ),
}


@pytest.mark.parametrize("language", TOLD)
async def test_it_tells_of_besitos_purchases_and_payments(playing: Program, language: str) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Lucía", language)
        (told,) = await reader.ask("/privacy")
        missing = [words for words in TOLD[language] if words not in told["text"]]
        assert missing == []
        assert all(command in told["text"] for command in ("/forget", "/mydata", "/terms"))


async def test_the_last_word_does_not_promise_more_than_is_done(playing: Program) -> None:
    """Movements and payments stay by id: "nothing" would not be true."""
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Lucía")
        await reader.ask("/start")
        await reader.ask("/forget")
        (said,) = await reader.press("forget:yes")
        assert "solo quedan números en mis cuentas, sin tu nombre" in said["text"]
