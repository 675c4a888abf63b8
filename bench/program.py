"""The program as it runs, without Telegram: its stores, services, dispatcher and followers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass

from aiogram import Bot, Dispatcher
from aiogram.types import Update, User

from bench.arrivals import Arrivals, WatchedFollower, WatchedStreams
from bench.engines import Engines
from bench.updates import STORY
from yabot.app.assembly import build_dispatcher, build_services, state_collection
from yabot.app.features import FEATURES
from yabot.app.stores import Stores, connect_database, connect_documents, open_stores
from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.pace import Pace
from yabot.bot.partition_work import GROUP
from yabot.bot.processing import UpdateProcessor
from yabot.bus.relay import Relay
from yabot.feature import Services
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.story.parser import parse_story
from yabot.log.assignment import Assignment
from yabot.log.leases import SoleLeases
from yabot.observability.logging import configure_logging
from yabot.runtime.heap import settle_heap
from yabot.settings import ConfigManager, Settings

# Never used: replies stay in their rows, nobody sends them.
NO_TOKEN = "42:bench"


@dataclass(frozen=True, slots=True)
class Program:
    settings: Settings
    stores: Stores
    services: Services
    bot: Bot
    dispatcher: Dispatcher
    intake: Intake
    assignment: Assignment
    processor: UpdateProcessor
    follower: WatchedFollower
    relay: Relay
    arrivals: Arrivals

    def incoming(self, update: Update) -> Incoming:
        return Incoming.of(update, self.settings.bus_partitions)


@asynccontextmanager
async def prepared_program(
    engines: Engines, name: str, last_event: str = "operation_completed"
) -> AsyncIterator[Program]:
    """On fresh databases called ``name``, with the benchmark's story; its log goes to a file.

    ``arrivals`` takes an event of the type ``last_event`` for the end of a user's change. Nothing
    is followed until ``following``.
    """
    settings = _settings(engines, name)
    with (engines.folder / f"{name}.log").open("w") as log, redirect_stderr(log):
        configure_logging(settings.logging, ())
        async with open_stores(settings) as stores:
            await stores.redis.flushall()
            await connect_database(stores.database, settings, FEATURES)
            await connect_documents(stores.documents, FEATURES)
            program = _assemble(settings, stores, Arrivals(last_event))
            await program.assignment.run_once()
            await _tell_story(program)
            settle_heap()
            yield program


def _settings(engines: Engines, name: str) -> Settings:
    environ = {
        "YABOT_DATA_DIR": str(engines.folder / name),
        "MONGODB_URI": engines.mongodb_uri,
        "MONGODB_DATABASE": name,
        "REDIS_URL": engines.redis_url,
    }
    return ConfigManager(environ, env_file=None).load()


async def _at_once(_chat_id: int) -> None:
    """Nothing is sent here."""


async def _never(_chat_id: int) -> bool:
    """Nothing waits to be sent."""
    return False


def _assemble(settings: Settings, stores: Stores, arrivals: Arrivals) -> Program:
    partitions = settings.bus_partitions
    services = build_services(FEATURES, stores.database, stores.documents, partitions)
    bot = Bot(NO_TOKEN)
    me = User(id=bot.id, is_bot=True, first_name="Bench", username="bench_bot")
    dispatcher, _ = build_dispatcher(FEATURES, services, lambda: me)
    intake = Intake(stores.database, bot.id, settings.bus_partitions)
    partitions = settings.bus_partitions
    assignment = Assignment(GROUP, partitions, SoleLeases(partitions))
    processor = UpdateProcessor(
        bot=bot,
        dispatcher=dispatcher,
        intake=intake,
        commits=services.commits,
        assignment=assignment,
        texts=services.texts,
        # A few readers stand for many here.
        pace=Pace(100_000, 100_000),
        is_answered=lambda _update_id: False,
        until_recorded=_at_once,
        owes_too_much=_never,
        documents=stores.documents.gate,
    )
    follower = WatchedFollower(
        arrivals, stores.database, stores.documents, *state_collection(FEATURES)
    )
    relay = Relay(stores.database, WatchedStreams(arrivals, stores.redis))
    return Program(
        settings,
        stores,
        services,
        bot,
        dispatcher,
        intake,
        assignment,
        processor,
        follower,
        relay,
        arrivals,
    )


async def _tell_story(program: Program) -> None:
    library = program.services[NarrativeService].library
    await library.replace(parse_story(STORY, "bench"), begin_again=True)


@asynccontextmanager
async def following(program: Program) -> AsyncIterator[None]:
    """The followers at work, as in the running program."""
    loops = (program.follower.loop, program.relay.loop)
    program.services.commits.followers += [program.follower.notice, program.relay.notice]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            await loop.finish(5.0)
