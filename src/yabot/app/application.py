"""The program: what starts in which order, and stops in the reverse of it.

It imports little. The rest is imported in a thread while the engines start: both take their time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

from yabot.app.engines import Engines, starting_engines
from yabot.errors import ConfigurationError
from yabot.observability.health import Health
from yabot.observability.logging import get_logger
from yabot.runtime.heap import settle_heap
from yabot.runtime.importing import imported
from yabot.runtime.lock import data_directory_lock
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

if TYPE_CHECKING:
    from yabot.api.phases import PhasedApp
    from yabot.app.foundation import Foundation
    from yabot.feature import Feature
    from yabot.runtime.http import HttpServer

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
        features: Callable[[], Sequence[Feature]],
        roles: frozenset[Role] = ALL_ROLES,
        announce: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """``features`` is called in a thread, once the engines begin to start: it may import them.

        ``announce`` takes the lines for whoever started the program by hand, once it has.
        """
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
        async with AsyncExitStack() as last, AsyncExitStack() as stack:
            try:
                if await finished_before(stop, self._start(stack, last)):
                    await stop.wait()
            finally:
                self.health.stopping = True
            log.info("yabot.stopping")
        log.info("yabot.stopped")

    async def _start(self, stack: AsyncExitStack, last: AsyncExitStack) -> None:
        """``last`` is closed when all else has been."""
        self._take_data_directory(last)
        engines = await stack.enter_async_context(starting_engines(self._settings))
        face = await self._listen(last)
        base = await self._lay_foundation(stack, engines)
        await self._start_roles(base, stack)
        self._open(face, base)
        stack.push_async_callback(face.close, FINISH_REQUESTS)
        settle_heap()
        self.health.started = True
        log.info("yabot.started", roles=sorted(self._roles))
        for line in self._addresses:
            self._announce(line)

    def _take_data_directory(self, last: AsyncExitStack) -> None:
        sql = self._settings.sql
        if sql.database_url is None and self._roles != ALL_ROLES:
            raise ConfigurationError(
                [
                    "DATABASE_URL: SQLite serves one process that holds all roles; leave --role "
                    "out, or name a PostgreSQL that many processes may share"
                ]
            )
        if sql.database_url is None or self._settings.mongodb.embedded:
            last.enter_context(data_directory_lock(self._settings.data_dir))

    async def _listen(self, last: AsyncExitStack) -> PhasedApp:
        """Health and metrics from now on, until all else has ended."""
        await imported("yabot.api.app", "yabot.api.listener")
        from yabot.api.app import build_operations
        from yabot.api.phases import PhasedApp

        face = PhasedApp(build_operations(self.health), lambda: self.health.phase)
        server = await self._listener(face)
        last.push_async_callback(server.stop)
        self._addresses.append(f"Health   {server.url}/health/ready")
        return face

    async def _listener(self, face: PhasedApp) -> HttpServer:
        """Every process tells its own health and metrics, wherever its roles have it listen."""
        from yabot.api.listener import listen_as_api, listen_for_health

        settings = self._settings
        if "api" in self._roles:
            return await listen_as_api(face, settings.api)
        others = {settings.api.port, settings.playground_port, settings.telegram.webhook_port}
        return await listen_for_health(face, settings.api, others)

    async def _lay_foundation(self, stack: AsyncExitStack, engines: Engines) -> Foundation:
        roles = [f"yabot.app.{role}" for role in sorted(self._roles & {"bot", "worker"})]
        features = await asyncio.to_thread(self._features)
        await imported("yabot.app.foundation", "yabot.app.followers", *roles)
        from yabot.app.foundation import lay_foundation

        return await stack.enter_async_context(
            lay_foundation(self._settings, features, self.health, engines)
        )

    async def _start_roles(self, base: Foundation, stack: AsyncExitStack) -> None:
        from yabot.app.followers import start_followers, start_measuring

        start_followers(base)
        if "worker" in self._roles:
            from yabot.app.worker import start_worker

            start_worker(base, stack)
        start_measuring(base, stack)
        if "bot" in self._roles:
            from yabot.app.bot import start_bot

            await start_bot(base, stack, self._addresses.append)

    def _open(self, face: PhasedApp, base: Foundation) -> None:
        from yabot.api.app import build_api
        from yabot.app.assembly import build_catalog
        from yabot.events.asyncapi import asyncapi_document

        catalog = build_catalog(base.features)
        face.open(build_api(asyncapi_document(catalog, self._settings.bus_partitions)))
