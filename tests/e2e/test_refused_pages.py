"""Telegram refuses a page: its reader reads on all the same."""

import pytest

from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers, said_by_bot

pytestmark = pytest.mark.logs("page.refused")


async def refuse(reader: Reader, times: int) -> None:
    """The next messages to the reader, for what is in them."""
    fault = {"kind": "bad_request", "method": "sendMessage", "chat_id": reader.user_id}
    await reader.client.faults({**fault, "count": times})


async def test_a_refused_page_comes_without_markup(playing: Program) -> None:
    async with readers(playing.url, "Lea") as (reader,):
        await reader.ask("/start")
        await refuse(reader, times=1)
        (shown,) = await reader.ask("/story")
        assert shown["text"].startswith("La carta")
        assert "entities" not in shown
        assert "c:letter:coat" in buttons(shown)
        await reader.press("c:letter:coat")
        (told,) = [
            event["payload"]
            for event in playing.stores.outbox(reader.user_id)
            if event["event_type"] == "page_refused"
        ]
    assert told == {
        "fragment_id": "letter",
        "language": "es",
        "reason": "other",
        "instead": "plain_text",
    }


async def test_a_page_that_cannot_be_shown_at_all_is_excused_with_a_way_on(
    playing: Program,
) -> None:
    async with readers(playing.url, "Max") as (reader,):
        player = Player(playing.stores, reader)
        await reader.ask("/start")
        await refuse(reader, times=2)
        (excuse,) = await reader.ask("/story")
        assert "No puedo enseñarte esta página" in excuse["text"]
        assert buttons(excuse) == ["story", "story:again"]
        (shown,) = await reader.press("story")
        assert shown["text"].startswith(player.walk.fragment.title["es"])
        assert len(said_by_bot(await reader.chat())) == 3
