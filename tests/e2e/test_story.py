"""The whole demo story, played by polling over HTTP, with everything checked after each step."""

import asyncio
from datetime import timedelta

import pytest

from tests.e2e.player import Player, data_of, scenes
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers
from tests.e2e.route import STORY, behind_the_door, earned, endings
from tests.waiting import wait_until
from yabot.clock import rfc3339, utc_now

NAMES = ("Ada", "Blas", "Cora", "Dani", "Eva", "Fran", "Gala", "Hugo", "Inés", "Jon")


@pytest.mark.criterion("1.1.1", "1.1.3", "2.1.1", "2.2.2", "2.2.4", "5.1.3", "5.3.3", "5.3.4")
async def test_the_whole_story_is_played_to_every_ending(playing: Program) -> None:
    """Side by side, as one chat would get only so many messages a second."""
    unseen = set(STORY.fragments) - behind_the_door(STORY) - earned(STORY) - {STORY.start}
    assert unseen >= endings(STORY) - {"end_supper"}

    async def explore(player: Player) -> None:
        await player.begin()
        while ahead := player.walk.to_any_of(unseen):
            unseen.discard(ahead[-1].next_fragment)
            for choice in ahead:
                await player.choose(choice)
            if not player.walk.open_choices():
                await player.start_again()

    async with readers(playing.url, *NAMES) as found:
        await asyncio.gather(*(explore(Player(playing.stores, reader)) for reader in found))
    assert unseen == set()


async def test_after_language_the_story_is_told_in_english(playing: Program) -> None:
    async with readers(playing.url, "Iker") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await reader.ask("/language")
        said, shown = await reader.press("lang:en", answers=2)
        assert said["text"] == "We go on in English."
        assert shown["text"].startswith("The letter")
        assert len(scenes(await reader.chat())) == 1
        stores = playing.stores

        def speaks_english() -> bool:
            document = stores.document(reader.user_id)
            return document is not None and document["preferences"]["language"] == "en"

        wait_until(speaks_english)
        player.journal.told("user_interaction")
        player.journal.told("user_interaction", "user_updated")
        reader.language = "en"
        await player.to("end_clap")
        assert "Start again" in str(scenes(await reader.chat()))


@pytest.mark.criterion("1.1.4", "2.2.4", "3.1.2")
async def test_the_vip_door_stays_shut_until_there_is_a_subscription(playing: Program) -> None:
    async with readers(playing.url, "Nora") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("green_door")
        (door,) = [choice for choice in player.walk.open_choices() if player.walk.is_shut(choice)]
        (refusal,) = await reader.press(data_of(player.walk.fragment, door))
        assert "Esta puerta está cerrada" in refusal["text"]
        _, denied = player.journal.told("user_interaction", "vip_access_denied")
        assert denied["payload"] == {"reason": "no_subscription"}
        stays = playing.stores.document(reader.user_id)
        assert stays is not None
        assert stays["current_state"]["narrative_progress"]["current_fragment"] == "green_door"

        _subscribe(playing, reader, days=-1)
        await reader.press(data_of(player.walk.fragment, door))
        player.journal.told("user_interaction", "vip_access_denied")

        _subscribe(playing, reader, days=30)
        (inside,) = await reader.press(data_of(player.walk.fragment, door))
        assert inside["text"].startswith(STORY.fragments["winter_garden"].title["es"])
        player.journal.told("user_interaction", "vip_access_granted", "decision_made")


@pytest.mark.criterion("2.2.1")
async def test_reactions_by_button_and_by_reaction_are_events(playing: Program) -> None:
    async with readers(playing.url, "Olga") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        message_id = await reader.find("r:letter:❤")
        await reader.press("r:letter:❤", answers=0)
        _, detected = player.journal.told("user_interaction", "reaction_detected")
        assert detected["user_id"] == str(reader.user_id)
        assert detected["payload"] == {"content_id": "letter", "reaction_type": "❤"}
        player.journal.followed_by("besitos_awarded")

        await reader.client.react(reader.user_id, message_id, "🤔")
        _, detected = player.journal.told("user_interaction", "reaction_detected")
        assert detected["payload"] == {"content_id": "letter", "reaction_type": "🤔"}

        await reader.client.react(reader.user_id, message_id, None)
        player.journal.told()


@pytest.mark.criterion("5.3.4")
async def test_a_press_on_a_page_already_past_changes_nothing(playing: Program) -> None:
    async with readers(playing.url, "Pau") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        past = await reader.find("c:letter:coat")
        await player.to("envelope")
        progress = playing.stores.document(reader.user_id)
        await reader.client.press(reader.user_id, past, "c:letter:coat")
        (*_, completed) = player.journal.turn()
        assert completed["payload"]["outcome"] == "rejected"
        assert completed["payload"]["error_code"] == "outdated"
        chat = await reader.until(lambda chat: "ya quedó atrás" in chat[-1].get("text", ""))
        assert buttons(chat[-1]) == ["story"]
        assert playing.stores.document(reader.user_id) == progress
        (shown,) = await reader.press("story")
        assert shown["text"].startswith(STORY.fragments["envelope"].title["es"])
        assert len(scenes(await reader.chat())) == 1


async def test_starting_again_asks_first_and_no_means_no(playing: Program) -> None:
    async with readers(playing.url, "Quim") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("street")
        await reader.ask("/menu")
        await reader.press("story:again")
        (shown,) = await reader.press("story:stay")
        assert shown["text"].startswith(STORY.fragments["street"].title["es"])
        chat = await reader.chat()
        assert "story:restart" not in str(chat)
        assert len(scenes(chat)) == 1


async def test_several_readers_at_once_each_have_their_own_story(playing: Program) -> None:
    ways = ["street", "envelope", "alley", "box_office", "wings"]
    async with readers(playing.url, *NAMES[:5]) as found:
        players = [Player(playing.stores, reader) for reader in found]

        async def play(player: Player, goal: str) -> None:
            await player.begin()
            await player.to(goal)

        await asyncio.gather(*map(play, players, ways))
        assert [player.walk.here for player in players] == ways


async def test_who_blocks_the_bot_is_inactive_and_comes_back_to_their_page(
    playing: Program,
) -> None:
    active = "SELECT is_active FROM user_profiles WHERE user_id = ?"
    async with readers(playing.url, "Rosa", "Sara") as (rosa, sara):
        player = Player(playing.stores, rosa)
        await player.begin()
        await rosa.client.block(rosa.user_id)
        wait_until(lambda: playing.stores.value(active, str(rosa.user_id)) == 0)
        await sara.ask("/start")
        await rosa.client.unblock(rosa.user_id)
        wait_until(lambda: playing.stores.value(active, str(rosa.user_id)) == 1)
        player.journal.told("user_updated")
        player.journal.told("user_updated")
        await player.to("envelope")


def _subscribe(program: Program, reader: Reader, days: int) -> None:
    now = utc_now()
    user_id, end = str(reader.user_id), rfc3339(now + timedelta(days=days))
    program.stores.change("DELETE FROM subscriptions WHERE user_id = ?", user_id)
    program.stores.change(
        "INSERT INTO subscriptions"
        " (user_id, plan_type, status, start_date, end_date, created_at, updated_at)"
        " VALUES (?, 'vip', 'active', ?, ?, ?, ?)",
        *(user_id, rfc3339(now - timedelta(days=60)), end, rfc3339(now), rfc3339(now)),
    )
