"""A subscriber that fails on poison until somebody mends it, and letters made by it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from tests.bus.process import Poked, Process, letters, settled, toy
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.errors import TerminalError
from yabot.events.envelope import EventPayload
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event, Subscriber


class Poison(TerminalError):
    code = "toy_poison"


class Mendable:
    """Fails on words that begin with "poison", with this error, until it is mended."""

    def __init__(self) -> None:
        self.error: Exception | None = Poison("it is poison")
        self.calls: list[str] = []

    def mend(self) -> None:
        self.error = None

    async def handle(self, event: Event[Any], work: UnitOfWork) -> None:
        self.calls.append(event.payload.word)
        if self.error is not None and event.payload.word.startswith("poison"):
            raise self.error

    def subscriber(
        self, name: str = "toy", event: type[EventPayload] = Poked, **options: Any
    ) -> Subscriber[Any]:
        return toy(self.handle, name, event, **options)


@asynccontextmanager
async def poisoned(
    new_database: NewDatabase, redis: Redis, *subscribers: Subscriber[Any]
) -> AsyncIterator[Process]:
    """A running process with the group ``test``, which has nothing to do yet."""
    process = Process(new_database(), redis, {"test": subscribers})
    await process.start()
    await until(lambda: settled(process.database))
    yield process
    await process.stop()


async def states(database: Database) -> list[str]:
    """Of all letters, the oldest first."""
    return [row["state"] for row in await letters(database)]


async def until_states(database: Database, *wanted: str) -> None:
    async def so() -> bool:
        return await states(database) == list(wanted)

    await until(so)
