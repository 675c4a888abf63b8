"""The worker's part of the program: subscribers and their workflows, other services' events, and
what is thrown away in time.
"""

import asyncio
from collections.abc import Sequence

from yabot.bus.groups.feed import Feed
from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.worker import EventWorker
from yabot.bus.inbound.sequencer import Sequencer
from yabot.bus.trimming import StreamTrimming
from yabot.coordinator.deadlines import Deadlines
from yabot.coordinator.inspector import WorkflowInspector
from yabot.log.retention import Retention
from yabot.runtime.loops import WakingLoop

# Seconds between two counts of all workflows.
COUNT_EVERY = 60.0
# Seconds that what is no subscriber's gets to end.
FINISH = 1.0


class WorkerRole:
    def __init__(
        self,
        *,
        feed: Feed,
        groups: Sequence[SubscriberGroup],
        deadlines: Sequence[Deadlines],
        sequencer: Sequencer,
        retention: Retention,
        trimming: StreamTrimming,
        workflows: WorkflowInspector,
    ) -> None:
        """The ``deadlines`` have their turns in the lanes of the ``groups``."""
        self._events = EventWorker(feed, groups)
        self._deadlines = [each.loop for each in deadlines]
        self._sequencer = sequencer
        self._aside = [
            retention.loop,
            trimming.loop,
            WakingLoop("workflows", workflows.measure, COUNT_EVERY),
        ]

    @property
    def loops(self) -> list[WakingLoop]:
        """All, for whoever wants to know how they do."""
        groups = [group.loop for group in self._events.groups]
        return [*groups, *self._deadlines, self._sequencer.loop, *self._aside]

    def start(self) -> None:
        self._events.start()
        for loop in (*self._deadlines, self._sequencer.loop, *self._aside):
            loop.start()

    async def stop(self) -> None:
        """Take nothing more on, finish what runs, and leave the rest to others."""
        await asyncio.gather(
            self._stop_subscribers(),
            self._sequencer.stop(FINISH),
            *(loop.finish(FINISH) for loop in self._aside),
        )

    async def _stop_subscribers(self) -> None:
        # Before the groups in whose lanes they work.
        await asyncio.gather(*(loop.finish(0) for loop in self._deadlines))
        await self._events.stop()
