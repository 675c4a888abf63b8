"""A later phase is one package and one line: the guest book runs in the real program."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiogram import Router
from aiogram.filters import Command
from aiogram.types import Message

from tests.architecture import toy
from tests.architecture.toy.book import GuestBook
from tests.e2e.reader import Reader, readers
from tests.e2e.stores import Stores
from tests.ports import free_port
from tests.waiting import wait_until
from yabot.app.application import BotApplication
from yabot.app.features import FEATURES
from yabot.errors import SchemaMismatch, StartupError
from yabot.feature import Feature, Services
from yabot.playground.client import PlaygroundClient
from yabot.settings import ConfigManager, Settings

# The menu stays last: it answers whatever nobody else has.
WITH_TOY: Sequence[Feature] = (*FEATURES[:-1], toy.FEATURE, FEATURES[-1])


@pytest.fixture
def environment(
    tmp_path: Path, mongodb_uri: str, mongo_database: str, redis_db: str
) -> dict[str, str]:
    return {
        "YABOT_DATA_DIR": str(tmp_path),
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
        "API_PORT": str(free_port()),
        "PLAYGROUND_PORT": str(free_port()),
    }


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return ConfigManager(environment, None).load()


@pytest.fixture
async def running(settings: Settings) -> AsyncIterator[str]:
    """The address of the playground of a program with the guest book."""
    async with _serving(settings):
        yield f"http://127.0.0.1:{settings.playground_port}"


@pytest.fixture
def stores(tmp_path: Path, environment: dict[str, str]) -> Iterator[Stores]:
    opened = Stores.of(tmp_path, environment)
    yield opened
    opened.close()


@pytest.mark.criterion("5.1.4", "5.3.3")
async def test_its_command_answers_in_the_readers_language(running: str) -> None:
    async with PlaygroundClient(running) as client:
        for language, thanks in (("es", "Gracias, Lucía: 1."), ("en", "Thank you, Lucía: 1.")):
            reader = await Reader.new(client, "Lucía", language)
            (said,) = await reader.ask("/sign")
            assert said["text"] == thanks


async def test_its_event_is_in_the_stream_and_its_row_in_the_table(
    running: str, stores: Stores
) -> None:
    async with readers(running, "Lucía") as (reader,):
        await reader.ask("/sign")
        await reader.ask("/sign")
        await asyncio.to_thread(wait_until, lambda: len(_signed(stores, reader)) == 2)
    assert [event["payload"] for event in _signed(stores, reader)] == [{"times": 1}, {"times": 2}]
    query = "SELECT times FROM toy_signatures WHERE user_id = ?"
    assert stores.value(query, str(reader.user_id)) == 2


async def test_its_collection_is_made_with_a_validator(running: str, stores: Stores) -> None:
    (options,) = [
        c["options"] for c in stores.mongodb.list_collections(filter={"name": "toy_cards"})
    ]
    assert options["validator"]["$jsonSchema"]["required"] == ["_id", "wish"]


async def test_its_table_is_verified_at_start(settings: Settings, stores: Stores) -> None:
    async with _serving(settings):
        pass
    stores.change("ALTER TABLE toy_signatures DROP COLUMN times")
    with pytest.raises(SchemaMismatch, match="times"):
        await BotApplication(settings, lambda: WITH_TOY).serve(asyncio.Event())


async def test_a_handler_that_asks_for_what_nobody_gives_ends_the_start(settings: Settings) -> None:
    async def greet(_message: Message, guestbook: GuestBook) -> None: ...

    def router(_services: Services) -> Router:
        routes = Router(name="greeting")
        routes.message.register(greet, Command("greet"))
        return routes

    features = (*WITH_TOY, Feature("greeting", router=router))
    with pytest.raises(StartupError, match=r"'greeting': the handler .*greet asks for 'guestbook'"):
        await BotApplication(settings, lambda: features).serve(asyncio.Event())


async def test_help_mydata_and_forget_know_of_it(running: str, stores: Stores) -> None:
    async with readers(running, "Lucía") as (reader,):
        await reader.ask("/sign")
        (told,) = await reader.ask("/help")
        assert "/sign — Firma en el libro de visitas" in told["text"]
        shown = await reader.own_data()
        assert shown["guest_book"] == {"times": 1}
        await reader.ask("/forget")
        await reader.press("forget:yes")
        (again,) = await reader.ask("/sign")
        assert again["text"] == "Gracias, Lucía: 1."


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[None]:
    stop = asyncio.Event()
    application = BotApplication(settings, lambda: WITH_TOY)
    serving = asyncio.create_task(application.serve(stop))
    await asyncio.to_thread(wait_until, lambda: application.health.started or serving.done())
    if serving.done():
        # Its own error says why there is nobody to ask.
        await serving
    yield
    stop.set()
    await serving


def _signed(stores: Stores, reader: Reader) -> list[dict[str, object]]:
    events = stores.stream(reader.user_id)
    return [event for event in events if event["event_type"] == "toy_book_signed"]
