"""The program: what starts in which order, and stops in reverse.

This module imports little, so that the engines start first. Meanwhile a thread imports ``startup``
and all that it needs: both take a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

from yabot.app.engines import starting_engines
from yabot.app.listeners import listeners
from yabot.errors import ConfigurationError
from yabot.observability.health import Health
from yabot.observability.logging import get_logger
from yabot.runtime.heap import settle_heap
from yabot.runtime.importing import import_aside
from yabot.runtime.lock import data_directory_lock
from yabot.runtime.ports import require_free
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

if TYPE_CHECKING:
    from yabot.app.startup import Startup
    from yabot.feature import Feature

log = get_logger(__name__)

Role = Literal["bot", "api", "worker"]
ALL_ROLES: frozenset[Role] = frozenset(("bot", "api", "worker"))


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

        ``announce`` gets the lines for a person who started the program by hand, once it has
        started; an error that it raises ends the program.
        """
        self._settings = settings
        self._features = features
        self._roles = roles
        self._announce = announce
        self.health = Health()

    async def serve(self, stop: asyncio.Event) -> None:
        """Start, run until ``stop``, and end in order, within ten seconds of it.

        Raises ConfigurationError, StartupError, StoreUnavailable when it cannot start; then all
        that was opened is closed again.
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
        """``last`` is closed after all else."""
        self._take_data_directory(last)
        # Checked first: if a port is taken, nothing needs to be started in vain.
        require_free(listeners(self._settings, self._roles))
        engines = await stack.enter_async_context(starting_engines(self._settings))
        startup = await import_aside(self._import_startup)
        addresses = await startup.run(engines, stack, last)
        settle_heap()
        self.health.started = True
        log.info("yabot.started", roles=sorted(self._roles))
        for line in addresses:
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
        if self._settings.locks_data_dir:
            last.enter_context(data_directory_lock(self._settings.data_dir))

    def _import_startup(self) -> Startup:
        from yabot.app.startup import Startup

        return Startup(self._settings, self._features(), self._roles, self.health)
