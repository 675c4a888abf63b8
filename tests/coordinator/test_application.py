"""A feature's process in the whole program: one class, and one word in its feature."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.e2e.reader import readers
from tests.e2e.stores import Stores
from tests.ports import free_port
from tests.waiting import wait_until
from yabot.app.application import BotApplication
from yabot.app.features import FEATURES
from yabot.clock import utc_now
from yabot.coordinator.process import (
    FINISHED,
    START,
    Machine,
    Process,
    Route,
    Workflow,
    WorkflowData,
)
from yabot.feature import Feature
from yabot.features.users.events import UserRegistered
from yabot.log.unit_of_work import UnitOfWork
from yabot.settings import ConfigManager
from yabot.subscriber import Event


class Nothing(WorkflowData):
    pass


class Welcome(Process[Nothing]):
    """Looks after each new reader a moment later."""

    kind = "welcome"
    data = Nothing
    machine = Machine({START: {"waiting"}, "waiting": {FINISHED}})

    @override
    def routes(self) -> Sequence[Route[Any, Nothing]]:
        return (Route(UserRegistered, self.begin, starts=lambda _: Nothing()),)

    async def begin(
        self, event: Event[UserRegistered], welcome: Workflow[Nothing], work: UnitOfWork
    ) -> None:
        welcome.become("waiting")
        welcome.wake_at(utc_now() + timedelta(milliseconds=200))

    @override
    async def on_deadline(self, welcome: Workflow[Nothing], work: UnitOfWork) -> None:
        welcome.finish()


WELCOME = Feature(name="welcome", processes=lambda _services: [Welcome()])


@dataclass
class Running:
    application: BotApplication
    url: str
    stores: Stores

    def state(self, user_id: int) -> str | None:
        query = "SELECT state FROM workflows WHERE id = ?"
        found: str | None = self.stores.value(query, f"welcome:{user_id}")
        return found


@asynccontextmanager
async def serving(environment: dict[str, str]) -> AsyncIterator[Running]:
    settings = ConfigManager(environment, None).load()
    stores = Stores.of(Path(environment["YABOT_DATA_DIR"]), environment)
    application = BotApplication(settings, lambda: (WELCOME, *FEATURES))
    stop = asyncio.Event()
    served = asyncio.create_task(application.serve(stop))
    await asyncio.to_thread(wait_until, lambda: application.health.started or served.done())
    yield Running(application, f"http://127.0.0.1:{settings.playground_port}", stores)
    stop.set()
    await served
    stores.close()


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


@pytest.mark.criterion("3.1.1", "3.1.5")
async def test_a_process_hears_its_events_and_its_deadlines_and_forgets_who_goes(
    environment: dict[str, str],
) -> None:
    async with serving(environment) as running, readers(running.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await asyncio.to_thread(wait_until, lambda: running.state(reader.user_id) == "finished")
        assert running.application.health.components["deadlines of welcome"].status == "ok"
        told = await reader.own_data()
        [workflow] = told["workflows"]
        assert (workflow["id"], workflow["state"]) == (f"welcome:{reader.user_id}", "finished")
        await reader.ask("/forget")
        await reader.press("forget:yes")
        assert running.state(reader.user_id) is None
