"""The program: what starts in which order, and stops in the reverse of it."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Literal

from aiogram import Bot
from fastapi import FastAPI

from yabot.api.app import build_api
from yabot.api.listener import listen_as_api, listen_for_health
from yabot.app.assembly import (
    build_catalog,
    build_coordinators,
    build_deadlines,
    build_dispatcher,
    build_endings,
    build_groups,
    build_loops,
    build_on_blocked,
    build_retention,
    build_services,
    state_collection,
)
from yabot.app.inspection import StoreInspector
from yabot.app.stores import Stores, open_stores
from yabot.app.watches import build_watches, report_to
from yabot.app.worker import WorkerRole
from yabot.bot import backlog as bot_backlog
from yabot.bot.limits import SendLimits
from yabot.bot.role import BotRole
from yabot.bot.telegram import connect_bot, identify
from yabot.bus import backlog as bus_backlog
from yabot.bus.groups.feed import Feed
from yabot.bus.inbound.sequencer import Sequencer
from yabot.bus.inbound.stream import InboundStream
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.bus.trimming import StreamTrimming
from yabot.coordinator.inspector import WorkflowInspector
from yabot.errors import ConfigurationError
from yabot.events.asyncapi import asyncapi_document
from yabot.feature import Feature, Services
from yabot.log import backlog as log_backlog
from yabot.log.backlog import measure_backlog
from yabot.log.document_follower import DocumentFollower
from yabot.log.incidents import Incidents
from yabot.log.leases import Leases, SharedLeases, SoleLeases
from yabot.observability.health import Health
from yabot.observability.logging import get_logger
from yabot.observability.metrics import LOOP_LAG
from yabot.playground.server import PlaygroundServer
from yabot.runtime.heap import settle_heap
from yabot.runtime.http import HttpServer
from yabot.runtime.lag import watch_lag
from yabot.runtime.lock import data_directory_lock
from yabot.runtime.loops import WakingLoop
from yabot.runtime.stopping import finished_before
from yabot.runtime.watch import StoreWatch
from yabot.settings import Settings

log = get_logger(__name__)

Role = Literal["bot", "api", "worker"]
BACKLOGS = {**bot_backlog.QUEUES, **log_backlog.QUEUES, **bus_backlog.QUEUES}
ALL_ROLES: frozenset[Role] = frozenset(("bot", "api", "worker"))
# Seconds that the followers get to bring the last commits to their stores.
CATCH_UP = 1.0
# Seconds that a store gets to answer at the start, before the program goes on without it.
FIRST_ANSWER = 5.0
# Seconds between two looks at how much waits.
MEASURE_EVERY = 5.0


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
        self._loops: list[WakingLoop] = []

    async def serve(self, stop: asyncio.Event) -> None:
        """Start, run until ``stop``, and end in order, within ten seconds of it.

        Raises ConfigurationError, StartupError, StoreUnavailable when it cannot start; whatever
        was opened is closed again.
        """
        async with AsyncExitStack() as stack:
            if await finished_before(stop, self._start(stack)):
                await stop.wait()
            log.info("yabot.stopping")
        log.info("yabot.stopped")

    async def _start(self, stack: AsyncExitStack) -> None:
        self._take_data_directory(stack)
        await self._start_api(stack)
        stores = await stack.enter_async_context(open_stores(self._settings))
        services = build_services(
            self._features,
            stores,
            self._settings.bus_partitions,
            self._settings.admin_user_ids,
            data_dir=self._settings.data_dir,
            support_contact=self._settings.support_contact,
            from_outside=self._settings.inbound_event_types,
        )
        incidents = Incidents(services.commits)
        incidents.start()
        stack.push_async_callback(incidents.stop)
        watches = await self._start_watches(stack, stores, services, incidents)
        stack.push_async_callback(self._finish_loops)
        self._start_followers(stores, services, watches)
        self._start_worker(stack, stores, services, watches)
        self._start_measuring(stack, stores)
        await self._start_bot(stack, stores, services, watches["sql"], incidents)
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

    async def _start_api(self, stack: AsyncExitStack) -> None:
        document = asyncapi_document(build_catalog(self._features), self._settings.bus_partitions)
        app = build_api(self.health, document)
        server = await self._listen(app)
        stack.push_async_callback(server.stop)
        self._addresses.append(f"Health   {server.url}/health/ready")

    async def _listen(self, app: FastAPI) -> HttpServer:
        """Every process tells its own health and metrics, wherever its roles have it listen."""
        settings = self._settings
        if "api" in self._roles:
            return await listen_as_api(app, settings.api)
        others = {settings.api.port, settings.playground_port, settings.telegram.webhook_port}
        return await listen_for_health(app, settings.api, others)

    async def _start_watches(
        self, stack: AsyncExitStack, stores: Stores, services: Services, incidents: Incidents
    ) -> dict[str, StoreWatch]:
        watches = build_watches(stores, services, self._settings, self._features)
        for component, watch in watches.items():
            report_to(self.health, incidents, component, watch)
            stack.push_async_callback(watch.stop)
        # A refusal waits until all have ended: what still connects would be left open.
        starts = (watch.start(FIRST_ANSWER) for watch in watches.values())
        for refusal in filter(None, await asyncio.gather(*starts, return_exceptions=True)):
            raise refusal
        return watches

    def _start_followers(
        self, stores: Stores, services: Services, watches: dict[str, StoreWatch]
    ) -> None:
        """A follower that has been waiting for its store goes on as soon as it is back."""
        collection, model = state_collection(self._features)
        documents = DocumentFollower(stores.database, stores.documents, collection, model)
        relay = Relay(stores.database, Streams(stores.redis))
        services.commits.followers += [documents.notice, relay.notice]
        services.commits.on_untold += [documents.look_again, relay.look_again]
        # It may have come back with less than it had.
        watches["redis"].on_restored.append(lambda _downtime: relay.look_again())
        loops = {"mongodb": documents.loop, "redis": relay.loop}
        for component, loop in loops.items():
            self._start_loop(loop, watches[component], watches["sql"])

    def _start_worker(
        self,
        stack: AsyncExitStack,
        stores: Stores,
        services: Services,
        watches: dict[str, StoreWatch],
    ) -> None:
        if "worker" not in self._roles:
            return
        leases = self._leases(stores)
        sequencer = Sequencer(InboundStream(stores.redis), services.commits, leases)
        sequencer.lateness.on_change = self._reporter("inbound_order", "degraded")
        sequencer.refusals.on_flood = self._reporter("inbound_refused", "degraded")
        coordinators = build_coordinators(self._features, services)
        groups = build_groups(self._features, services, leases, coordinators)
        role = WorkerRole(
            feed=Feed(Streams(stores.redis), self._settings.bus_partitions),
            groups=groups,
            deadlines=build_deadlines(groups, coordinators),
            sequencer=sequencer,
            retention=build_retention(
                self._features, stores.database, self._settings.retention_days
            ),
            trimming=StreamTrimming(stores.database, Streams(stores.redis)),
            workflows=WorkflowInspector(stores.database),
        )
        for loop in role.loops:
            self._observe(loop, watches["redis"], watches["sql"])
        role.start()
        stack.push_async_callback(role.stop)

    def _leases(self, stores: Stores) -> Leases:
        if self._settings.sql.database_url is None:
            return SoleLeases(self._settings.bus_partitions)
        return SharedLeases(stores.database)

    def _start_measuring(self, stack: AsyncExitStack, stores: Stores) -> None:
        backlog = WakingLoop(
            "backlog", lambda: measure_backlog(stores.database, BACKLOGS), MEASURE_EVERY
        )
        self._start_loop(backlog)
        lag = asyncio.create_task(watch_lag(LOOP_LAG.set), name="lag")
        stack.callback(lag.cancel)

    def _start_loop(self, loop: WakingLoop, *stores: StoreWatch) -> None:
        self._observe(loop, *stores)
        loop.start()
        self._loops.append(loop)

    def _observe(self, loop: WakingLoop, *stores: StoreWatch) -> None:
        """Its trouble shows in our health, and it goes on as soon as one of its stores is back."""
        loop.on_trouble = self._reporter(loop.name, "degraded")
        self.health.report(loop.name, "ok")
        for watch in stores:
            watch.on_restored.append(lambda _downtime: loop.retry())

    async def _finish_loops(self) -> None:
        """All at once: each may have another store to wait for."""
        await asyncio.gather(*(loop.finish(CATCH_UP) for loop in self._loops))

    async def _start_bot(
        self,
        stack: AsyncExitStack,
        stores: Stores,
        services: Services,
        sql: StoreWatch,
        incidents: Incidents,
    ) -> None:
        if "bot" not in self._roles:
            return
        bot = await self._connect(stack, stores, services)
        stack.push_async_callback(bot.session.close)
        on_trouble = self._reporter("telegram", "failed")
        me = await identify(bot, on_trouble)
        dispatcher, door = build_dispatcher(self._features, services, me)
        role = BotRole(
            bot=bot,
            settings=self._settings.telegram,
            dispatcher=dispatcher,
            door=door,
            commits=services.commits,
            leases=self._leases(stores),
            texts=services.texts,
            commands=services.commands,
            limits=None if self._settings.playground else SendLimits(),
            on_blocked=build_on_blocked(self._features, services),
            endings=build_endings(self._features, services),
            on_trouble=on_trouble,
            on_disturbed=partial(self.health.report, "intake"),
            tell=incidents.tell,
        )
        for component in ("telegram", "intake"):
            self.health.report(component, "ok")
        sql.on_restored.append(lambda _downtime: role.retry())
        await role.start()
        stack.push_async_callback(role.stop)
        for loop in build_loops(self._features, services, bot):
            loop.is_due = role.shares.leading.is_set
            role.shares.on_leading.append(loop.wake)
            self._start_loop(loop, sql)
            # At once, while Telegram can still be asked: whatever is left, the next start finds.
            stack.push_async_callback(loop.finish, 0)

    async def _connect(self, stack: AsyncExitStack, stores: Stores, services: Services) -> Bot:
        telegram = self._settings.telegram
        if telegram.token is not None:
            api_url = str(telegram.api_url) if telegram.api_url else None
            return connect_bot(telegram.token.get_secret_value(), api_url)
        playground = PlaygroundServer(
            self._settings.data_dir / "playground.db",
            port=self._settings.playground_port,
            inspector=StoreInspector(stores, services),
        )
        await playground.start()
        stack.push_async_callback(playground.stop)
        self._addresses.append(f"Play at  {playground.url}")
        return connect_bot(playground.bot_token, playground.url)

    def _reporter(
        self, component: str, trouble: Literal["degraded", "failed"]
    ) -> Callable[[str | None], None]:
        def report(reason: str | None) -> None:
            self.health.report(component, "ok" if reason is None else trouble, reason)

        return report
