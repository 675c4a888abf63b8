"""What readers get when Telegram takes a reply badly; by whatever way their updates come."""

import pytest

from tests.bot.intake.house import House, Json
from tests.e2e.player import Player
from tests.e2e.reader import Reader, buttons, readers, said_by_bot
from tests.waiting import PATIENCE, wait_until
from yabot.bot.methods import IN_ORDER, SINGLED_OUT

# Each has a program and a Telegram of its own.
pytestmark = pytest.mark.slow

SENDING = "sendMessage"
QUEUED = 6


def over_messages_to(reader: Reader, kind: str, **more: object) -> Json:
    return {"kind": kind, "method": SENDING, "chat_id": reader.user_id, **more}


def states(house: House, reader: Reader) -> list[str]:
    """Of the messages to the reader, oldest first."""
    query = "SELECT state FROM outgoing WHERE chat_id = ? AND method = ? ORDER BY id"
    return [row["state"] for row in house.program.stores.rows(query, reader.user_id, SENDING)]


@pytest.mark.criterion("5.4.1")
async def test_a_refused_page_comes_without_markup(house: House) -> None:
    async with readers(house.url, "Lea") as (reader,):
        await reader.ask("/start")
        await reader.client.faults(over_messages_to(reader, "bad_request", count=1))
        (shown,) = await reader.ask("/story")
        assert shown["text"].startswith("La carta")
        assert "entities" not in shown
        assert "c:letter:coat" in buttons(shown)
        await reader.press("c:letter:coat")
        (told,) = [
            event["payload"]
            for event in house.program.stores.outbox(reader.user_id)
            if event["event_type"] == "page_refused"
        ]
        # Whoever looks after the story hears which page it is.
        alert = "letter en es (other)"
        await reader.client.wait_for(house.admin, lambda chat: alert in str(chat), PATIENCE)
    assert told == {
        "fragment_id": "letter",
        "language": "es",
        "reason": "other",
        "instead": "plain_text",
    }


@pytest.mark.criterion("5.4.1")
async def test_a_page_that_cannot_be_shown_at_all_is_excused_with_a_way_on(house: House) -> None:
    async with readers(house.url, "Max") as (reader,):
        player = Player(house.program.stores, reader)
        await reader.ask("/start")
        await reader.client.faults(over_messages_to(reader, "bad_request", count=2))
        (excuse,) = await reader.ask("/story")
        assert "No puedo enseñarte esta página" in excuse["text"]
        assert buttons(excuse) == ["story", "story:again"]
        (shown,) = await reader.press("story")
        assert shown["text"].startswith(player.walk.fragment.title["es"])
        assert len(said_by_bot(await reader.chat())) == 3


@pytest.mark.criterion("5.4.1")
async def test_a_press_waits_behind_no_reply_and_no_reader_behind_another(house: House) -> None:
    async with readers(house.url, "Ana", "Berta") as (ana, berta):
        await ana.ask("/start")
        await ana.ask("/menu")
        await ana.client.faults(over_messages_to(ana, "server_error"))
        for _ in range(QUEUED):
            await ana.send("/help")
        await ana.touch("help")
        wait_until(lambda: states(house, ana).count("waiting") == QUEUED + 1)
        await ana.until(lambda chat: not any(message["pending"] for message in chat))
        await berta.ask("/help")
        assert states(house, ana).count("waiting") == QUEUED + 1
        await ana.client.clear_faults()
        await ana.until(lambda chat: len(said_by_bot(chat)) == 2 + QUEUED + 1)


@pytest.mark.criterion("5.4.1")
async def test_who_dies_before_it_tells_tells_it_once(house: House) -> None:
    """What comes in a refused page's place is committed, and not sent yet; and what Telegram has
    failed on so often before is given up by the next process.
    """
    async with readers(house.url, "Mar", "Noa") as (mar, noa):
        for reader in (mar, noa):
            await reader.ask("/start")
        await mar.client.faults(
            over_messages_to(mar, "bad_request", count=1),
            over_messages_to(mar, "server_error"),
            over_messages_to(noa, "server_error"),
        )
        await mar.send("/story")
        await noa.send("/help")
        wait_until(lambda: states(house, mar) == ["sent", "refused", "waiting"])
        wait_until(lambda: states(house, noa) == ["sent", "waiting"])
        house.program.kill9()
        assert len(await mar.answers()) == 1
        house.program.stores.change(
            "UPDATE outgoing SET errors = ? WHERE chat_id = ? AND state = 'waiting'",
            IN_ORDER.errors - SINGLED_OUT,
            noa.user_id,
        )
        await mar.client.faults(over_messages_to(noa, "server_error", count=1))
        house.program.start()
        await mar.until(lambda chat: "La carta" in chat[-1].get("text", ""))
        wait_until(lambda: states(house, noa)[1:] == ["failed"])
        for reader, before in ((mar, 2), (noa, 1)):
            await reader.ask("/help")
            assert len(await reader.answers()) == before + 1
        wait_until(lambda: states(house, mar) == ["sent", "refused", "sent", "sent"])
        await mar.client.wait_for(house.admin, lambda chat: "No entregado" in str(chat), PATIENCE)
