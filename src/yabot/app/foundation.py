"""What every role needs: the stores and their watches, and the services of the features."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from yabot.app.assembly import build_services
from yabot.app.engines import Engines
from yabot.app.stores import Stores, open_stores
from yabot.app.watches import build_watches, report_to, start_watches
from yabot.feature import Feature, Services
from yabot.log.incidents import Incidents
from yabot.log.leases import Leases, SharedLeases, SoleLeases
from yabot.observability.health import Health
from yabot.runtime.loops import WakingLoop
from yabot.runtime.watch import StoreWatch
from yabot.settings import Settings

# Seconds for the last commits to end, and for the followers to bring them to their stores.
CATCH_UP = 1.0
# Seconds that a store gets to answer at the start, before the program goes on without it.
FIRST_ANSWER = 5.0


@dataclass(frozen=True, slots=True)
class Foundation:
    settings: Settings
    features: Sequence[Feature]
    health: Health
    stores: Stores
    services: Services
    incidents: Incidents
    # By component: sql, mongodb, redis.
    watches: Mapping[str, StoreWatch]
    # Functions that tell whether updates of readers are under way in this process.
    readers_wait: list[Callable[[], bool]] = field(default_factory=list)
    _loops: list[WakingLoop] = field(default_factory=list)

    def do_readers_wait(self) -> bool:
        return any(wait() for wait in self.readers_wait)

    def leases(self) -> Leases:
        """Leases of the partitions, shared with other processes if there can be any."""
        if self.settings.sql.database_url is None:
            return SoleLeases(self.settings.bus_partitions)
        return SharedLeases(self.stores.database)

    def reporter(
        self, component: str, trouble: Literal["degraded", "failed"]
    ) -> Callable[[str | None], None]:
        """Takes the reason why the component is in trouble, and None when it no longer is."""

        def report(reason: str | None) -> None:
            self.health.report(component, "ok" if reason is None else trouble, reason)

        return report

    def observe(self, loop: WakingLoop, *stores: StoreWatch) -> None:
        """Show the loop's trouble in our health; let it go on once one of its stores is back."""
        loop.on_trouble = self.reporter(loop.name, "degraded")
        self.health.report(loop.name, "ok")
        for watch in stores:
            watch.on_restored.append(lambda _downtime: loop.retry())

    def start_loop(self, loop: WakingLoop, *stores: StoreWatch) -> None:
        """Observe and start the loop; it ends after all roles, caught up with their commits."""
        self.observe(loop, *stores)
        loop.start()
        self._loops.append(loop)

    async def finish_loops(self) -> None:
        """Finish all loops side by side, as each may wait for another store."""
        await self.services.commits.finish(CATCH_UP)
        await asyncio.gather(*(loop.finish(CATCH_UP) for loop in self._loops))


@asynccontextmanager
async def lay_foundation(
    settings: Settings, features: Sequence[Feature], health: Health, engines: Engines
) -> AsyncIterator[Foundation]:
    """Open and verify the stores. A store that is away is waited for by its watch.

    Raises ConfigurationError, StartupError, SchemaMismatch for stores that we must not use.
    """
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings, engines))
        services = build_services(
            features,
            stores.database,
            stores.documents,
            settings.bus_partitions,
            settings.admin_user_ids,
            data_dir=settings.data_dir,
            support_contact=settings.support_contact,
            from_outside=settings.inbound_event_types,
            legacy_store=settings.legacy_db_path,
        )
        incidents = Incidents(services.commits)
        incidents.start()
        stack.push_async_callback(incidents.stop)
        watches = build_watches(stores, services, settings, features)
        for component, watch in watches.items():
            report_to(health, incidents, component, watch)
            stack.push_async_callback(watch.stop)
        await start_watches(watches, FIRST_ANSWER)
        base = Foundation(settings, features, health, stores, services, incidents, watches)
        stack.push_async_callback(base.finish_loops)
        yield base
