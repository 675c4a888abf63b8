"""What a start does once the engines are starting. Importing this module takes as long as that."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack

from yabot.api.app import build_operations, no_api
from yabot.api.listener import listen_as_api, listen_for_health
from yabot.api.phases import App, PhasedApp
from yabot.app.engines import Engines
from yabot.app.followers import start_followers, start_measuring
from yabot.app.foundation import Foundation, lay_foundation
from yabot.app.trial import first_question
from yabot.feature import Feature
from yabot.observability.health import Health
from yabot.runtime.http import HttpServer
from yabot.settings import Settings

# Seconds for requests of other services to end when the program stops.
FINISH_REQUESTS = 1.0

# Starts a role, which the stack will stop, and returns the lines that say where to find it.
StartRole = Callable[[Foundation, AsyncExitStack], Awaitable[list[str]]]
# Builds the application that answers besides health and metrics.
BuildApi = Callable[[Foundation, AsyncExitStack], Awaitable[App]]


class Startup:
    """Starts all but the engines."""

    def __init__(
        self,
        settings: Settings,
        features: Sequence[Feature],
        roles: Collection[str],
        health: Health,
    ) -> None:
        """Also imports what the roles need; may be called in a thread."""
        self._settings = settings
        self._features = features
        self._is_api = "api" in roles
        self._start_roles = _import_roles(roles)
        self._build_api = _import_api() if self._is_api else _without_api
        self._health = health

    async def run(self, engines: Engines, stack: AsyncExitStack, last: AsyncExitStack) -> list[str]:
        """Start all. Returns lines for the person who started it. ``last`` is closed after
        ``stack``."""
        health = self._health
        # Health and metrics are served from now on, until all else has ended.
        face = PhasedApp(build_operations(health), lambda: health.phase)
        server = await self._listen(face)
        last.push_async_callback(server.stop)
        addresses = [f"Health   {server.url}/health/ready"]
        base = await stack.enter_async_context(
            lay_foundation(self._settings, self._features, health, engines)
        )
        start_followers(base)
        start_measuring(base, stack)
        # Built before the roles, as that blocks the process for a while, and opened after them.
        api = await self._build_api(base, stack)
        for start in self._start_roles:
            addresses += await start(base, stack)
        face.open(api)
        stack.push_async_callback(face.close, FINISH_REQUESTS)
        trial = first_question(self._settings, server.url) if self._is_api else []
        return [*trial, *addresses]

    async def _listen(self, face: PhasedApp) -> HttpServer:
        """Every process serves its own health and metrics; its roles decide at which port."""
        settings = self._settings
        if self._is_api:
            return await listen_as_api(face, settings.api)
        others = {settings.api.port, settings.playground_port, settings.telegram.webhook_port}
        return await listen_for_health(face, settings.api, others)


def _import_roles(roles: Collection[str]) -> list[StartRole]:
    """The roles' start functions, in their order. A process only imports roles that it has."""
    starts: list[StartRole] = []
    if "worker" in roles:
        from yabot.app.worker import start_worker

        starts.append(start_worker)
    if "bot" in roles:
        from yabot.app.bot import BotStart

        bot = BotStart()
        starts = [bot.connect, *starts, bot.start]
    return starts


def _import_api() -> BuildApi:
    from yabot.app.api import api_app

    return api_app


async def _without_api(_base: Foundation, _stack: AsyncExitStack) -> App:
    return no_api
