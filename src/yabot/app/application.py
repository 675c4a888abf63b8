"""The program: what starts in which order, and stops in the reverse of it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Literal

from fastapi import FastAPI

from yabot.api.app import build_api, build_operations
from yabot.api.listener import listen_as_api, listen_for_health
from yabot.api.phases import PhasedApp
from yabot.app.assembly import build_catalog
from yabot.app.bot import start_bot
from yabot.app.followers import start_followers, start_measuring
from yabot.app.foundation import lay_foundation
from yabot.app.worker import start_worker
from yabot.errors import ConfigurationError
from yabot.events.asyncapi import asyncapi_document
from yabot.feature import Feature
from yabot.observability.health import Health
from yabot.observability.logging import get_logger
from yabot.runtime.heap import settle_heap
from yabot.runtime.http import HttpServer
from yabot.runtime.lock import data_directory_lock
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

log = get_logger(__name__)

Role = Literal["bot", "api", "worker"]
ALL_ROLES: frozenset[Role] = frozenset(("bot", "api", "worker"))
# Seconds that requests of other services get to end when the program stops.
FINISH_REQUESTS = 1.0


class BotApplication:
    """One process with its roles; ``serve`` runs it until it is told to stop."""

    def __init__(
        self,
        settings: Settings,
        features: Sequence[Feature],
        roles: frozenset[Role] = ALL_ROLES,
        announce: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """``announce`` takes the lines for whoever started the program by hand, once it has."""
        self._settings = settings
        self._features = features
        self._roles = roles
        self._announce = announce
        self._addresses: list[str] = []
        self.health = Health()

    async def serve(self, stop: asyncio.Event) -> None:
        """Start, run until ``stop``, and end in order, within ten seconds of it.

        Raises ConfigurationError, StartupError, StoreUnavailable when it cannot start; whatever
        was opened is closed again.
        """
        async with AsyncExitStack() as stack:
            try:
                if await finished_before(stop, self._start(stack)):
                    await stop.wait()
            finally:
                self.health.stopping = True
            log.info("yabot.stopping")
        log.info("yabot.stopped")

    async def _start(self, stack: AsyncExitStack) -> None:
        self._take_data_directory(stack)
        face = await self._listen(stack)
        base = await stack.enter_async_context(
            lay_foundation(self._settings, self._features, self.health)
        )
        start_followers(base)
        if "worker" in self._roles:
            start_worker(base, stack)
        start_measuring(base, stack)
        if "bot" in self._roles:
            await start_bot(base, stack, self._addresses.append)
        face.open(self._api())
        stack.push_async_callback(face.close, FINISH_REQUESTS)
        settle_heap()
        self.health.started = True
        log.info("yabot.started", roles=sorted(self._roles))
        for line in self._addresses:
            self._announce(line)

    def _take_data_directory(self, stack: AsyncExitStack) -> None:
        sql = self._settings.sql
        if sql.database_url is None and self._roles != ALL_ROLES:
            raise ConfigurationError(
                [
                    "DATABASE_URL: SQLite serves one process that holds all roles; leave --role "
                    "out, or name a PostgreSQL that many processes may share"
                ]
            )
        if sql.database_url is None or self._settings.mongodb.embedded:
            stack.enter_context(data_directory_lock(self._settings.data_dir))

    async def _listen(self, stack: AsyncExitStack) -> PhasedApp:
        """Health and metrics from now on, until all else has ended."""
        face = PhasedApp(build_operations(self.health), lambda: self.health.phase)
        server = await self._listener(face)
        stack.push_async_callback(server.stop)
        self._addresses.append(f"Health   {server.url}/health/ready")
        return face

    async def _listener(self, face: PhasedApp) -> HttpServer:
        """Every process tells its own health and metrics, wherever its roles have it listen."""
        settings = self._settings
        if "api" in self._roles:
            return await listen_as_api(face, settings.api)
        others = {settings.api.port, settings.playground_port, settings.telegram.webhook_port}
        return await listen_for_health(face, settings.api, others)

    def _api(self) -> FastAPI:
        return build_api(
            asyncapi_document(build_catalog(self._features), self._settings.bus_partitions)
        )
