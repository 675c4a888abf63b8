"""Every command and every kind answer, in the chat of the real program."""

from functools import partial

import pytest
from aiohttp import ClientSession

from tests.e2e.journal import Journal
from tests.e2e.player import Player, scenes
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers
from tests.waiting import wait_until
from yabot.app.features import FEATURES
from yabot.playground.client import PlaygroundClient

COMMANDS = [command for feature in FEATURES for command in feature.commands]


@pytest.mark.criterion("5.1.2", "5.3.1", "1.1.1", "1.1.4")
async def test_start_greets_by_name_registers_once_and_tells_the_bus(playing: Program) -> None:
    async with readers(playing.url, "Lucía <3") as (reader,):
        journal = Journal(playing.stores, reader.user_id)
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola, Lucía <3.")
        registered, interaction = journal.told("user_registered", "user_interaction")
        assert registered["user_id"] == str(reader.user_id)
        assert interaction["payload"] == {"action": "start", "context": {}}

        (again,) = await reader.ask("/start spring")
        assert again["text"].startswith("Hola otra vez, Lucía <3.")
        (interaction,) = journal.told("user_interaction")
        assert interaction["payload"] == {"action": "start", "context": {"payload": "spring"}}
        query = "SELECT first_name, language_code, is_active FROM user_profiles WHERE user_id = ?"
        profile = {"first_name": "Lucía <3", "language_code": "es", "is_active": 1}
        assert playing.stores.rows(query, str(reader.user_id)) == [profile]


@pytest.mark.criterion("2.2.4", "5.1.2")
async def test_every_event_can_be_traced(playing: Program) -> None:
    async with readers(playing.url, "Mar") as (reader,):
        await reader.ask("/start")
        events = Journal(playing.stores, reader.user_id).turn()
    assert len({event["event_id"] for event in events}) == len(events)
    moments = [event["timestamp"] for event in events]
    assert moments == sorted(set(moments))
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert all(event["correlation_id"] for event in events)


@pytest.mark.parametrize("language", ["es", "en"])
async def test_help_names_every_command(playing: Program, language: str) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Sol", language)
        for command in ("/help", "/ayuda"):
            (said,) = await reader.ask(command)
            assert all(f"/{command} — " in said["text"] for command in COMMANDS)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("/menu", "menu"),
        ("/privacy", "privacy"),
        ("/language", "language"),
        ("hola", "talk"),
        ("/", "talk"),
    ],
)
async def test_a_command_answers_and_tells_what_it_was(
    playing: Program, text: str, action: str
) -> None:
    async with readers(playing.url, "Teo") as (reader,):
        journal = Journal(playing.stores, reader.user_id)
        await reader.ask("/start")
        journal.turn()
        await reader.ask(text)
        *_, interaction, completed = journal.turn()
        assert interaction["payload"]["action"] == action
        assert completed["payload"]["operation"] == action
        assert completed["payload"]["outcome"] == "ok"


@pytest.mark.parametrize("text", ["/unknown", "/startle"])
async def test_an_unknown_command_is_told_where_to_look(playing: Program, text: str) -> None:
    async with readers(playing.url, "Uxía") as (reader,):
        (said,) = await reader.ask(text)
        assert "/help" in said["text"]
        *_, completed = Journal(playing.stores, reader.user_id).turn()
        assert completed["payload"]["outcome"] == "rejected"
        assert completed["payload"]["error_code"] == "unknown_command"


async def test_mydata_shows_all_that_is_kept(playing: Program) -> None:
    async with readers(playing.url, "Ximena") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("street")
        shown = await reader.own_data()
        assert shown["profile"]["first_name"] == "Ximena"
        progress = shown["state"]["current_state"]["narrative_progress"]
        assert progress["current_fragment"] == "street"
        assert shown["subscriptions"] == []


@pytest.mark.criterion("1.1.3")
async def test_mongodb_knows_which_menu_the_reader_is_in(playing: Program) -> None:
    async with readers(playing.url, "Wanda") as (reader,):
        await reader.ask("/start")
        for command, menu in (("/language", "language"), ("/story", "story"), ("/menu", "main")):
            await reader.ask(command)
            wait_until(partial(_is_in_menu, playing, reader, menu))


@pytest.mark.criterion("1.1.4")
async def test_forget_asks_and_then_nothing_is_left(playing: Program) -> None:
    async with readers(playing.url, "Yago") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("envelope")
        await reader.ask("/forget")
        (kept,) = await reader.press("forget:no")
        assert "/story" in kept["text"]
        assert playing.stores.document(reader.user_id) is not None

        await reader.ask("/forget")
        await reader.press("forget:yes")
        player.journal.skip_to_end()
        wait_until(lambda: playing.stores.document(reader.user_id) is None)
        user_id = str(reader.user_id)
        profile = "SELECT 1 FROM user_profiles WHERE user_id = ?"
        assert playing.stores.value(profile, user_id) is None
        assert not _payloads_naming(playing, "Yago")
        types = [event["event_type"] for event in playing.stores.stream(reader.user_id)]
        assert types.count("user_deleted") == 1

        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola, Yago.")
        player.journal.told("user_registered", "user_interaction")


async def test_old_buttons_of_the_forgotten_are_answered(playing: Program) -> None:
    async with readers(playing.url, "Zoe") as (reader,):
        player = Player(playing.stores, reader)
        await player.begin()
        await reader.ask("/forget")
        await reader.press("forget:yes")
        await reader.press("c:letter:coat", answers=0)
        profile = "SELECT 1 FROM user_profiles WHERE user_id = ?"
        assert playing.stores.value(profile, str(reader.user_id)) is None


async def test_buttons_of_the_menu_lead_on(playing: Program) -> None:
    async with readers(playing.url, "Álex") as (reader,):
        (hello,) = await reader.ask("/start")
        assert buttons(hello) == ["story", "menu"]
        (menu,) = await reader.press("menu")
        brought = [button for feature in FEATURES for button in feature.menu]
        assert buttons(menu) == ["story", *brought, "story:again", "language", "help"]
        (told,) = await reader.press("help")
        assert "/story" in told["text"]
        (asked,) = await reader.press("language")
        assert buttons(asked) == ["lang:es", "lang:en"]
        (shown,) = await reader.press("story")
        assert scenes([shown])


@pytest.mark.criterion("5.3.4")
async def test_each_update_completes_once(playing: Program) -> None:
    async with readers(playing.url, "Bea") as (reader,):
        for text in ("/start", "/menu", "/help", "/nothing"):
            await reader.ask(text)
        journal = Journal(playing.stores, reader.user_id)
        outcomes = [journal.turn()[-1]["payload"]["outcome"] for _ in range(4)]
        assert outcomes == ["ok", "ok", "ok", "rejected"]
        assert journal.nothing_new()


@pytest.mark.parametrize(("language", "start"), [("es", "Empezar"), ("en", "Begin")])
async def test_the_menu_of_commands_is_published_in_the_readers_language(
    playing: Program, language: str, start: str
) -> None:
    async with PlaygroundClient(playing.url) as client, ClientSession() as http:
        user_id = await client.add_user("Ciro", language)
        async with http.get(f"{playing.url}/playground/users/{user_id}/chat") as answer:
            listed = (await answer.json())["commands"]
    assert {entry["command"] for entry in listed} == set(COMMANDS)
    assert start in [entry["description"] for entry in listed]


def _payloads_naming(program: Program, name: str) -> list[object]:
    stores = program.stores
    return [
        *stores.rows("SELECT update_id FROM updates WHERE payload LIKE ?", f"%{name}%"),
        *stores.rows("SELECT id FROM outgoing WHERE payload LIKE ?", f"%{name}%"),
        *stores.rows("SELECT event_id FROM outbox WHERE envelope LIKE ?", f"%{name}%"),
    ]


def _is_in_menu(program: Program, reader: Reader, menu: str) -> bool:
    document = program.stores.document(reader.user_id)
    return document is not None and bool(document["current_state"]["menu_context"] == menu)
