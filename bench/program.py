"""The program as it runs, without Telegram: its stores, services, dispatcher and followers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import Update

from bench.arrivals import Arrivals, WatchedFollower, WatchedStreams
from bench.engines import Engines
from bench.updates import STORY
from yabot.assembly import build_dispatcher, build_services, state_collection
from yabot.bootstrap import FEATURES
from yabot.bot.intake import Intake
from yabot.bot.processing import UpdateProcessor
from yabot.bus.relay import Relay
from yabot.feature import Services
from yabot.features.narrative.service import NarrativeService
from yabot.features.narrative.story.parser import parse_story
from yabot.observability.logging import configure_logging
from yabot.settings import ConfigManager, Settings
from yabot.stores import Stores, open_stores, prepare_stores

# Nothing is sent to Telegram: followers leave the replies in their rows.
NO_TOKEN = "42:bench"


@dataclass(frozen=True, slots=True)
class Program:
    settings: Settings
    stores: Stores
    services: Services
    dispatcher: Dispatcher
    relay: Relay
    arrivals: Arrivals
    bot: Bot = field(default_factory=lambda: Bot(NO_TOKEN))

    @property
    def intake(self) -> Intake:
        return Intake(self.stores.database, self.bot.id, self.services.commits.partitions)

    def processor(self) -> UpdateProcessor:
        return UpdateProcessor(
            bot=self.bot,
            dispatcher=self.dispatcher,
            intake=self.intake,
            commits=self.services.commits,
            texts=self.services.texts,
        )

    async def stored_profile(self, user_id: str) -> Any:
        return await self.services.by_name["users"].find(user_id)  # type: ignore[attr-defined]


@asynccontextmanager
async def running_program(engines: Engines, name: str) -> AsyncIterator[Program]:
    """On databases of its own named ``name``, with the story of the benchmark; logs to a file."""
    settings = _settings(engines, name)
    with (engines.folder / f"{name}.log").open("w") as log, redirect_stderr(log):
        configure_logging(settings.logging, ())
        async with open_stores(settings) as stores:
            await prepare_stores(stores, settings, FEATURES)
            await stores.redis.flushall()
            program = _assemble(settings, stores)
            await program.services[NarrativeService].library.replace(
                parse_story(STORY, "bench"), begin_again=True
            )
            async with _followers(program):
                yield program
