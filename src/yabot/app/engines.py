"""Starts the engines that the settings ask for, in the background."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.runtime.ending import end
from yabot.settings import Settings


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines' URIs, to be awaited; None for a store to which the settings name an address."""

    mongodb: Awaitable[str] | None
    redis: Awaitable[str] | None


@asynccontextmanager
async def starting_engines(settings: Settings) -> AsyncIterator[Engines]:
    """When the block ends, no engine that it has started is running."""
    async with AsyncExitStack() as stack:
        mongodb = redis = None
        if settings.redis.embedded:
            starting = starting_engine(EmbeddedValkey(settings.data_dir))
            redis = await stack.enter_async_context(starting)
        if settings.mongodb.embedded:
            starting = starting_engine(EmbeddedMongod(settings.data_dir))
            mongodb = await stack.enter_async_context(starting)
        yield Engines(mongodb, redis)


@asynccontextmanager
async def starting_engine(engine: EmbeddedEngine) -> AsyncIterator[Awaitable[str]]:
    """The engine's URI, to be awaited. An engine that another program runs is shared with that
    program, and taken over if that ends first.

    Awaiting it raises ConfigurationError, StartupError if the engine cannot be started.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.stop)
        starting = asyncio.create_task(_start(engine, stack), name=f"start {engine.name}")
        stack.push_async_callback(end, [starting])
        yield starting


async def _start(engine: EmbeddedEngine, stack: AsyncExitStack) -> str:
    shared = engine.running_on()
    uri = await engine.start() if shared is None else engine.uri(shared)
    keeping = engine.keep_running() if shared is None else engine.take_over(shared)
    keeper = asyncio.create_task(keeping, name=f"keep {engine.name} running")
    stack.callback(keeper.cancel)
    return uri
