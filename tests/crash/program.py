"""A process to be killed: what a worker has of the program, and perhaps the readers as well.

It is ``main`` of a fork (`tests/e2e/warm_process.py`); its one argument are its orders, as JSON.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Self

from sqlalchemy import Connection
from typing_extensions import override

from tests.crash.deeds import FEATURES
from tests.crash.invariants import until_finished
from tests.crash.load import Load, drive
from tests.crash.places import PARTITIONS, Addresses, opened
from tests.waiting import PATIENCE
from yabot.app.assembly import (
    build_coordinators,
    build_deadlines,
    build_groups,
    build_retention,
    build_services,
    state_collection,
)
from yabot.app.stores import Stores
from yabot.app.worker import WorkerRole
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.worker import EventWorker
from yabot.bus.inbound.sequencer import build_sequencer
from yabot.bus.inbound.stream import InboundStream
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.bus.trimming import StreamTrimming
from yabot.errors import LeaseLost
from yabot.feature import Services
from yabot.log.document_follower import DocumentFollower
from yabot.log.leases import Leases, SharedLeases, SoleLeases
from yabot.observability.logging import configure_logging, get_logger
from yabot.runtime.ending import end
from yabot.runtime.loops import WakingLoop
from yabot.settings.logs import LoggingSettings
from yabot.storage.relational.database import Statement
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)

# Seconds between two looks at what nobody tells of: another process's commits.
SWEEP = 0.5
# Seconds between two looks of loops that would take a second: a test would wait for the most part.
HURRY = 0.2
CATCH_UP = 1.0
# So that nobody waits long for a server that was killed or a process that was stopped.
SHORT_TIMEOUT_MS = 1500
RETENTION_DAYS = 30
# Seconds in which all is done if it ever is: who waits for the program hears from it why it is not.
LONGEST = 0.8 * PATIENCE


@dataclass(frozen=True, slots=True)
class Orders:
    addresses: Addresses
    # Who reacts in this very process, which ends when all of that has come to its end; without
    # any it works until SIGTERM.
    load: Load | None = None
    lease: float = 1.5

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        given = json.loads(text)
        load = given.pop("load")
        addresses = Addresses(**given.pop("addresses"))
        return cls(addresses, None if load is None else Load(**load), **given)


class WatchedLeases(SharedLeases):
    """Says in the log when it has kept somebody from taking effect."""

    @override
    def check(self, group: str, partition: int, token: int) -> Statement[None]:
        still_owner = super().check(group, partition, token)

        def check(connection: Connection) -> None:
            try:
                still_owner(connection)
            except LeaseLost:
                log.info("commit.refused", group=group, partition=partition)
                raise

        return check


def main() -> None:
    configure_logging(LoggingSettings(level="DEBUG", format="json"), ())
    logging.getLogger("tests").setLevel(logging.DEBUG)
    asyncio.run(live(Orders.from_json(sys.argv[1])))


async def live(orders: Orders) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    log.info("program.hears")
    async with (
        opened(orders.addresses, SHORT_TIMEOUT_MS) as stores,
        following(stores) as services,
        subscribing(stores, services, _leases(stores, orders)),
    ):
        log.info("program.ready")
        if orders.load is None:
            await stop.wait()
        else:
            await drive(services, orders.load)
            await until_finished(stores.database, LONGEST)


@asynccontextmanager
async def following(stores: Stores) -> AsyncIterator[Services]:
    """The services, and the followers of what they commit."""
    services = build_services(FEATURES, stores.database, stores.documents, PARTITIONS)
    collection = state_collection(FEATURES)
    documents = DocumentFollower(
        stores.database, stores.documents, *collection, sweep_seconds=SWEEP
    )
    relay = Relay(stores.database, Streams(stores.redis), sweep_seconds=SWEEP)
    services.commits.followers += [documents.notice, relay.notice]
    services.commits.on_untold += [documents.look_again, relay.look_again]
    loops = documents.loop, relay.loop
    for loop in loops:
        loop.start()
    try:
        yield services
    finally:
        await asyncio.gather(*(loop.finish(CATCH_UP) for loop in loops))


@asynccontextmanager
async def subscribing(stores: Stores, services: Services, leases: Leases) -> AsyncIterator[None]:
    coordinators = build_coordinators(FEATURES, services)
    groups = build_groups(FEATURES, services, leases, coordinators)
    deadlines = build_deadlines(groups, coordinators, TrustedClock())
    feed = Feed(Streams(stores.redis), PARTITIONS)
    feed.listeners.append(lambda *_events: log.debug("feed.read"))
    worker = WorkerRole(
        events=EventWorker(feed, groups),
        deadlines=deadlines,
        sequencer=build_sequencer(InboundStream(stores.redis), services.commits, leases),
        aside=[
            build_retention(FEATURES, stores.database, RETENTION_DAYS).loop,
            StreamTrimming(stores.database, Streams(stores.redis)).loop,
        ],
    )
    feed.listeners.append(lambda *_events: log.debug("feed.offered"))
    worker.start()
    loops = [*(group.loop for group in groups), *(each.loop for each in deadlines)]
    hurry = asyncio.create_task(_hurry(loops))
    try:
        yield
    finally:
        await end([hurry])
        await worker.stop()


async def _hurry(loops: Sequence[WakingLoop]) -> None:
    while True:
        await asyncio.sleep(HURRY)
        for loop in loops:
            loop.wake()


def _leases(stores: Stores, orders: Orders) -> Leases:
    if stores.database.engine.dialect.name == "postgresql":
        return WatchedLeases(stores.database, orders.lease)
    return SoleLeases(PARTITIONS)
