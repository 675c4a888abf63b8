"""The bus as it is in the program, and subscribers whose work is counted."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import Column, Connection, MetaData, Table, Text, insert

from bench.engines import Engines
from bench.logged import USERS, new_rows, refill
from bench.peer_faststream import CREATE
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.app.stores import connect_database, open_database, open_redis
from yabot.bus.groups.building import build_group
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.worker import EventWorker
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.events.operations import OperationCompleted
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.leases import Leases, SoleLeases
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import configure_logging
from yabot.runtime.heap import settle_heap
from yabot.settings import ConfigManager
from yabot.storage.relational.prepared import Prepared
from yabot.subscriber import Event, Subscriber

GROUP = "bench"
CONSUMER = "bench.effect"
CAUSE = Cause("bench", "bench", "bench")
# Events that are not handled by then never will be: see the log in the benchmark's folder.
PATIENCE = 120.0
LOOK_EVERY = 0.02
# How many partitions have events that are not in Redis, or which the group has yet to leave behind.
UNFINISHED = f"""
    SELECT count(*) FROM partitions JOIN group_positions USING (partition)
    WHERE name = '{GROUP}' AND (published_pos < last_pos OR pos < last_pos)
"""

# As the peer makes it.
_effects = Table(
    "effects", MetaData(), *(Column(name, Text) for name in ("event_id", "user_id", "event_type"))
)
_insert = Prepared(insert(_effects))

Handled = Event[OperationCompleted]


class Countdown:
    """Tells when so many events have been handled."""

    def __init__(self) -> None:
        self._complete = asyncio.Event()
        self._left = 0

    def expect(self, events: int) -> None:
        self._left = events
        self._complete.clear()

    def count(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._complete.set()

    async def wait(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._complete.wait()


@dataclass(slots=True)
class Bus:
    commits: CommitLog
    redis: Redis
    handled: Countdown = field(default_factory=Countdown)

    def notice(self, committed: Committed) -> None:
        """An effect counts when it is durable."""
        if committed.cause.consumer == CONSUMER:
            self.handled.count()

    def inserting(self) -> Subscriber[OperationCompleted]:
        """Makes the peer's insert, in one transaction with the receipt."""

        async def handle(event: Handled, work: UnitOfWork) -> None:
            envelope = event.envelope
            row = {
                "event_id": envelope.event_id,
                "user_id": envelope.user_id,
                "event_type": envelope.event_type,
            }

            def add(connection: Connection) -> None:
                _insert.run(connection, row)

            work.add(add)

        return Subscriber(CONSUMER, OperationCompleted, handle)

    def doing_nothing(self) -> Subscriber[OperationCompleted]:
        """Who changes nothing commits nothing and leaves no receipt: only the position moves."""

        async def handle(_event: Handled, _work: UnitOfWork) -> None:
            self.handled.count()

        return Subscriber(CONSUMER, OperationCompleted, handle)

    async def committed(self, events: int, users: int = USERS) -> list[Committed]:
        """So many in the log, one of each commit: of these nobody has been told."""
        rows = new_rows(events, self.commits.partitions, users)
        entries = await self.commits.database.write(lambda connection: refill(connection, rows))
        return [Committed(CAUSE, events=(entry,)) for entry in entries]

    async def rate(self, relay: Relay, events: int, users: int = USERS) -> float:
        """Events per second from the notice of their commits until each has been handled here."""
        self.handled.expect(events)
        commits = await self.committed(events, users)
        started = perf_counter()
        for committed in commits:
            relay.notice(committed)
        await self.handled.wait()
        rate = events / (perf_counter() - started)
        await self.settled()
        return rate

    async def settled(self) -> None:
        """Until all that is in the log has been published, and its positions are in SQL."""

        def unfinished(connection: Connection) -> Any:
            return connection.exec_driver_sql(UNFINISHED).scalar_one()

        while await self.commits.database.read(unfinished):  # noqa: ASYNC110 - SQL tells nobody
            await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def opened_bus(
    engines: Engines, name: str, environ: dict[str, str] | None = None
) -> AsyncIterator[Bus]:
    """On a database called ``name``, or the one in ``environ``, and an empty Redis; the log goes
    to a file.
    """
    given = {"YABOT_DATA_DIR": str(engines.folder / name), "REDIS_URL": engines.redis_url}
    async with connected_bus(given | (environ or {}), engines.folder / f"{name}.log") as bus:
        await bus.redis.flushall()
        await bus.commits.database.write(
            lambda connection: connection.exec_driver_sql(CREATE).close()
        )
        yield bus


@asynccontextmanager
async def connected_bus(environ: dict[str, str], log_path: Path) -> AsyncIterator[Bus]:
    settings = ConfigManager(environ, env_file=None).load()
    with log_path.open("w") as log, redirect_stderr(log):
        configure_logging(settings.logging, ())
        database = open_database(settings)
        async with open_redis(settings) as redis:
            await connect_database(database, settings, FEATURES)
            bus = Bus(CommitLog(database, build_catalog(FEATURES), settings.bus_partitions), redis)
            bus.commits.followers.append(bus.notice)
            settle_heap()
            yield bus
        await database.close()


@asynccontextmanager
async def subscribed(bus: Bus, *subscribers: Subscriber[Any]) -> AsyncIterator[Relay]:
    """The bus at work in this process alone, from the end of the log on."""
    async with (
        relaying(bus) as relay,
        working(bus, SoleLeases(bus.commits.partitions), subscribers),
    ):
        yield relay


@asynccontextmanager
async def relaying(bus: Bus) -> AsyncIterator[Relay]:
    await bus.commits.database.write(declare_groups([GROUP]))
    relay = Relay(bus.commits.database, Streams(bus.redis))
    bus.commits.followers.append(relay.notice)
    relay.loop.start()
    try:
        yield relay
    finally:
        await relay.loop.finish(5.0)
        bus.commits.followers.remove(relay.notice)


@asynccontextmanager
async def working(
    bus: Bus, leases: Leases, subscribers: Sequence[Subscriber[Any]]
) -> AsyncIterator[None]:
    """With a part of the partitions at least."""
    group = build_group(GROUP, subscribers, bus.commits, leases)
    worker = EventWorker(Feed(Streams(bus.redis), bus.commits.partitions), [group])
    worker.start()
    while not group.partitions:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(LOOK_EVERY)
    try:
        yield
    finally:
        await worker.stop()
