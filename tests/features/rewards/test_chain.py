"""The whole way in the real program: a reaction in the chat, besitos, a hint, a choice opened."""

import asyncio

import pytest

from tests.e2e.journal import Journal
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.reader import buttons, readers
from tests.features.besitos.beside import beside, grant
from tests.features.rewards.chain import ASKED_FOR, HINT, OPENED, Chain, announces_hint
from tests.waiting import wait_until
from yabot.app.assembly import build_retention
from yabot.app.features import FEATURES


@pytest.mark.criterion("2.2.1", "3.1.3", "3.2.2", "3.2.3")
async def test_reactions_become_besitos_and_then_a_hint_that_opens_a_choice(
    playing: Program,
) -> None:
    async with readers(playing.url, "Lucía") as (reader,):
        player, chain = Player(playing.stores, reader), Chain(playing.stores, reader)
        await player.begin()
        await reader.press("r:letter:❤", answers=1)
        player.journal.told("user_interaction", "reaction_detected")
        (awarded,) = player.journal.followed_by("besitos_awarded")
        assert awarded["payload"]["amount"] == awarded["payload"]["balance_after"] == 1
        assert awarded["payload"]["reason"] == "reaction"
        assert "1 besito" in (await reader.answers())[-1]["text"]

        await player.to("box_office")
        message_id = await reader.find("r:box_office:💋")
        await reader.client.react(reader.user_id, message_id, "💋")
        player.journal.told("user_interaction", "reaction_detected")
        player.journal.followed_by("besitos_awarded")
        await player.to("green_door")
        assert chain.hints() == []
        await reader.press("r:green_door:🔥", answers=1)
        player.journal.told("user_interaction", "reaction_detected")
        awarded, unlocked = player.journal.followed_by("besitos_awarded", "narrative_hint_unlocked")
        assert awarded["payload"]["balance_after"] == ASKED_FOR
        assert unlocked["payload"] == {"hint_id": HINT.id, "fragment_id": "green_door"}
        assert chain.linked()

        (*_, said) = await reader.answers()
        assert announces_hint(said)
        assert buttons(said) == ["story", "notices:off"]
        player.walk.hints |= {HINT.id}
        await player.to("ledger")
        assert OPENED in {f"c:{made[0]}:{made[1]}" for made in _made(chain)}
        assert chain.rewards() == ["box_office", "green_door", "letter"]
        assert chain.balance() == ASKED_FOR


def _made(chain: Chain) -> list[tuple[str, str]]:
    decisions = [event["payload"] for event in chain.events("decision_made")]
    return [(each["context"]["fragment_id"], each["choice_id"]) for each in decisions]


async def test_the_button_under_the_hint_shows_the_page_with_what_has_opened(
    playing: Program,
) -> None:
    async with readers(playing.url, "Mara") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("box_office")
        assert OPENED not in buttons((await reader.answers())[-1])
        await grant(playing.stores, reader.user_id, ASKED_FOR)
        await reader.until(lambda chat: announces_hint(chat[-1]))
        (page,) = await reader.press("story")
        assert OPENED in buttons(page)
        (inside,) = await reader.press(OPENED)
        assert inside["text"].startswith("Partida doble")


@pytest.mark.criterion("3.1.3")
async def test_reacting_again_or_twice_at_once_pays_once(playing: Program) -> None:
    async with readers(playing.url, "Nuria") as (reader,):
        chain = Chain(playing.stores, reader)
        await reader.ask("/story")
        message_id = await reader.find("r:letter:❤")
        presses = [reader.touch(f"r:letter:{emoji}") for emoji in "❤🤔❤"]
        react = reader.client.react(reader.user_id, message_id, "🤔")
        await asyncio.gather(*presses, react)
        await reader.until(lambda chat: not any(message["pending"] for message in chat))
        wait_until(lambda: len(chain.events("reaction_detected")) == 4)
        # Whatever comes after them has been handled after them.
        await grant(playing.stores, reader.user_id, ASKED_FOR - 1)
        await reader.until(lambda chat: announces_hint(chat[-1]))
        assert chain.rewards() == ["letter"]
        assert chain.balance() == ASKED_FOR
        assert len(chain.events("narrative_hint_unlocked")) == 1


@pytest.mark.criterion("3.1.3")
async def test_who_comes_back_after_forget_is_paid_by_no_page_again_and_was_told_so(
    playing: Program,
) -> None:
    async with readers(playing.url, "Petra") as (reader,):
        chain = Chain(playing.stores, reader)
        (asked,) = await reader.ask("/forget")
        assert "otra vez" not in asked["text"]
        await reader.ask("/story")
        await reader.press("r:letter:❤", answers=1)
        (asked,) = await reader.ask("/forget")
        assert "las páginas que ya te dieron besitos no te los dan otra vez" in asked["text"]
        await reader.press("forget:yes")
        await reader.ask("/story")
        await reader.press("r:letter:❤", answers=0)
        # Whatever comes after it has been handled after it.
        await grant(playing.stores, reader.user_id, ASKED_FOR)
        await reader.until(lambda chat: announces_hint(chat[-1]))
        assert chain.rewards() == ["letter"]
        assert chain.balance() == ASKED_FOR


async def test_balance_tells_what_the_besitos_are_for(playing: Program) -> None:
    async with readers(playing.url, "Olga") as (reader,):
        chain = Chain(playing.stores, reader)
        await reader.ask("/story")
        await reader.press("r:letter:❤", answers=1)
        wait_until(lambda: chain.balance() == 1)
        (told,) = await reader.ask("/balance")
        assert told["text"].splitlines()[-1] == "+1 · una página a la que reaccionaste"


@pytest.mark.criterion("2.2.1")
async def test_a_reaction_counts_also_before_telegram_has_answered_that_the_page_is_there(
    playing: Program,
) -> None:
    async with readers(playing.url, "Olga") as (reader,):
        await reader.ask("/start")
        journal = Journal(playing.stores, reader.user_id)
        journal.skip_to_end()
        late = {"kind": "late", "method": "sendMessage", "chat_id": reader.user_id}
        await reader.client.faults({**late, "seconds": 1, "count": 1})
        (page,) = await reader.ask("/story")
        await reader.client.react(reader.user_id, page["message_id"], "❤")
        journal.turn()
        journal.told("user_interaction", "reaction_detected")


@pytest.mark.criterion("2.2.1")
async def test_a_reaction_counts_also_to_a_page_whose_message_has_expired(
    playing: Program,
) -> None:
    stores = playing.stores
    async with readers(playing.url, "Petra") as (reader,), beside(stores) as ledger:
        player = Player(stores, reader)
        await player.begin()
        page = await reader.find("r:letter:❤")
        sent = "SELECT count(*) FROM outgoing WHERE chat_id = ?"
        waiting = f"{sent} AND state = 'waiting'"
        wait_until(lambda: not stores.value(waiting, reader.user_id))
        old = "UPDATE outgoing SET created_at = '2001-01-01T00:00:00.000000Z' WHERE chat_id = ?"
        stores.change(old, reader.user_id)
        await build_retention(FEATURES, ledger.database, days=30).sweep()
        assert stores.value(sent, reader.user_id) == 0
        await reader.client.react(reader.user_id, page, "❤")
        _, detected = player.journal.told("user_interaction", "reaction_detected")
        assert detected["payload"] == {"content_id": "letter", "reaction_type": "❤"}
