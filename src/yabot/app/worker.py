"""The worker's role: subscribers and their workflows, other services' events, and retention."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from yabot.app.assembly import build_coordinators, build_deadlines, build_groups, build_retention
from yabot.app.foundation import Foundation
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.worker import EventWorker
from yabot.bus.inbound.sequencer import Sequencer, build_sequencer
from yabot.bus.inbound.stream import InboundStream
from yabot.bus.streams import Streams
from yabot.bus.trimming import StreamTrimming
from yabot.coordinator.deadlines import Deadlines
from yabot.coordinator.inspector import WorkflowInspector
from yabot.runtime.loops import WakingLoop

# Seconds between two counts of all workflows.
COUNT_EVERY = 60.0
# Seconds for everything but the subscribers to end.
FINISH = 1.0


class WorkerRole:
    def __init__(
        self,
        *,
        events: EventWorker,
        deadlines: Sequence[Deadlines],
        sequencer: Sequencer,
        aside: Sequence[WakingLoop],
    ) -> None:
        """``deadlines`` run in the lanes of the groups of ``events``; ``aside`` needs neither."""
        self._events = events
        self._deadlines = [each.loop for each in deadlines]
        self._sequencer = sequencer
        self._aside = aside

    @property
    def loops(self) -> list[WakingLoop]:
        """All loops, to be observed."""
        groups = [
            loop for group in self._events.groups for loop in (*group.assignment.loops, group.loop)
        ]
        inbound = [*self._sequencer.assignment.loops, self._sequencer.loop]
        return [*groups, *self._deadlines, *inbound, *self._aside]

    def start(self) -> None:
        self._events.start()
        self._sequencer.start()
        for loop in (*self._deadlines, *self._aside):
            loop.start()

    async def stop(self) -> None:
        """Take on nothing more, finish what runs, and leave the rest to other processes."""
        await asyncio.gather(
            self._stop_subscribers(),
            self._sequencer.stop(FINISH),
            *(loop.finish(FINISH) for loop in self._aside),
        )

    async def _stop_subscribers(self) -> None:
        # Deadlines end before the groups in whose lanes they work.
        await asyncio.gather(*(loop.finish(0) for loop in self._deadlines))
        await self._events.stop()


async def start_worker(base: Foundation, stack: AsyncExitStack) -> list[str]:
    """Start the role, which ``stack`` will stop. Returns no lines: nobody needs to find it."""
    role = _role(base)
    for loop in role.loops:
        base.observe(loop, base.watches["redis"], base.watches["sql"])
    role.start()
    stack.push_async_callback(role.stop)
    return []


def _role(base: Foundation) -> WorkerRole:
    database, streams = base.stores.database, Streams(base.stores.redis)
    features, services, leases = base.features, base.services, base.leases()
    sequencer = build_sequencer(InboundStream(base.stores.redis), services.commits, leases)
    sequencer.lateness.on_change = base.reporter("inbound_order", "degraded")
    sequencer.refusals.on_flood = base.reporter("inbound_refused", "degraded")
    coordinators = build_coordinators(features, services)
    groups = build_groups(features, services, leases, coordinators)
    clock = services.clock
    return WorkerRole(
        events=EventWorker(Feed(streams, base.settings.bus_partitions), groups),
        deadlines=build_deadlines(groups, coordinators, clock),
        sequencer=sequencer,
        aside=[
            build_retention(features, database, base.settings.retention_days, clock).loop,
            StreamTrimming(database, streams).loop,
            WakingLoop("workflows", WorkflowInspector(database).measure, COUNT_EVERY),
        ],
    )
