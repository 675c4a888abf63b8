"""Clients send whatever data they want: only pages that a reader has had before them can pay."""

import pytest

from tests.e2e.forger import Forger
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.reader import buttons, readers
from tests.features.rewards.chain import Chain

SEEN, UNSEEN = "r:letter:❤", "r:box_office:💋"


@pytest.mark.criterion("3.1.3")
async def test_a_reaction_to_a_page_never_shown_is_refused_and_counts_once_it_is(
    forger: Forger,
) -> None:
    stores = forger.program.stores
    async with readers(forger.telegram_url, "Mar", "Lucía") as (mar, lucia):
        # What another reader has seen is nothing to her.
        far = Player(stores, mar)
        await far.begin()
        await far.to("box_office")
        player, chain = Player(stores, lucia), Chain(stores, lucia)
        await player.begin()
        await forger.press(lucia, SEEN, UNSEEN)
        *_, completed = player.journal.turn()
        assert completed["payload"]["outcome"] == "rejected"
        assert completed["payload"]["error_code"] == "outdated"
        chat = await lucia.until(lambda chat: buttons(chat[-1]) == ["story"])
        assert "ya quedó atrás" in chat[-1]["text"]
        assert chain.events("reaction_detected") == []

        await player.to("box_office")
        await forger.press(lucia, UNSEEN, UNSEEN)
        player.journal.told("user_interaction", "reaction_detected")
        player.journal.followed_by("besitos_awarded")
        assert chain.rewards() == ["box_office"]


@pytest.mark.parametrize("here", [True, False], ids=["where they stand", "gone on from"])
async def test_a_page_older_than_the_log_is_known_by_the_progress(
    playing: Program, here: bool
) -> None:
    async with readers(playing.url, "Olga") as (reader,):
        player, chain = Player(playing.stores, reader), Chain(playing.stores, reader)
        await player.begin()
        letter = await reader.find(SEEN)
        if not here:
            await player.to("street")
        playing.stores.change("DELETE FROM outgoing WHERE chat_id = ?", reader.user_id)
        await reader.client.press(reader.user_id, letter, SEEN)
        player.journal.told("user_interaction", "reaction_detected")
        player.journal.followed_by("besitos_awarded")
        assert chain.rewards() == ["letter"]


async def test_a_page_left_to_start_again_may_still_be_reacted_to(playing: Program) -> None:
    async with readers(playing.url, "Pau") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("box_office")
        page = await reader.find(UNSEEN)
        await reader.ask("/menu")
        await reader.press("story:again")
        await reader.press("story:restart")
        player.journal.skip_to_end()
        await reader.client.press(reader.user_id, page, UNSEEN)
        player.journal.told("user_interaction", "reaction_detected")


async def test_telegram_s_own_reactions_count_on_pages_only(playing: Program) -> None:
    """Telegram names the message, and lets nobody react to one that they do not have."""
    async with readers(playing.url, "Rut") as (reader,):
        player, chain = Player(playing.stores, reader), Chain(playing.stores, reader)
        await player.begin()
        hello = (await reader.answers())[0]
        await reader.client.react(reader.user_id, int(hello["message_id"]), "❤")
        player.journal.told()
        assert chain.events("reaction_detected") == []
