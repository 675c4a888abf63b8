"""Finds the workflows whose deadline has come, and queues each in its user's lane."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, false, or_, select, tuple_

from yabot.bus.groups.group import SubscriberGroup
from yabot.coordinator.coordinator import Coordinator
from yabot.coordinator.rows import COLUMNS, StoredWorkflow
from yabot.coordinator.tables import workflows
from yabot.coordinator.wakeups import WakeUps
from yabot.errors import LeaseLost, StoreUnavailable
from yabot.log.lease import Lease
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Statement
from yabot.trusted_clock import ClockDistrusted, TrustedClock

log = get_logger(__name__)

# Deadline and id: workflows are looked at in this order.
Place = tuple[datetime, str]

LOOK_EVERY = 1.0
AT_ONCE = 200


class Deadlines:
    """The deadlines of one feature's processes, in the partitions in which its group works here.

    Work that another process of the program left undone when it died is due here as well.
    """

    def __init__(
        self, group: SubscriberGroup, coordinator: Coordinator, clock: TrustedClock
    ) -> None:
        self._group = group
        self._database = coordinator.commits.database
        self._definitions = coordinator.definitions
        self._clock = clock
        self._wakeups = WakeUps(coordinator, clock)
        # The ids of the workflows that are queued or running.
        self._under_way: set[str] = set()
        # Where the next look goes on; None: at the earliest. Workflows that wait for a store stay
        # due, and must not keep the others behind them all that time.
        self._last: Place | None = None
        group.on_forgotten.append(self._under_way.clear)
        self.loop = WakingLoop(f"deadlines of {group.name}", self.run_once, LOOK_EVERY)

    async def run_once(self) -> None:
        """Raises StoreUnavailable, ClockDistrusted."""
        now = self._clock.now()
        due = _due(self._definitions, self._group.partitions, now, self._last)
        found = await self._database.read(due)
        for stored in found:
            if len(self._under_way) >= AT_ONCE:
                return
            if stored.id not in self._under_way:
                self._submit(stored)
            self._last = _place(stored)
        if len(found) < AT_ONCE:
            self._last = None

    def _submit(self, stored: StoredWorkflow) -> None:
        async def take_up(lease: Lease) -> None:
            try:
                with lease:
                    await self._wakeups.take_up(stored.id, lease.checks)
            except (StoreUnavailable, ClockDistrusted, LeaseLost) as error:
                log.info("workflow.waiting", workflow=stored.id, reason=str(error))
            finally:
                self._under_way.discard(stored.id)

        if self._group.submit(stored.partition, stored.lane, take_up):
            self._under_way.add(stored.id)


def _place(stored: StoredWorkflow) -> Place:
    assert stored.deadline is not None, "it is due"
    return stored.deadline, stored.id


def _due(
    definitions: Mapping[str, int], partitions: list[int], now: datetime, after: Place | None
) -> Statement[list[StoredWorkflow]]:
    """The due workflows, earliest first. Those that a newer program has written are left to it."""
    order = (workflows.c.deadline, workflows.c.id)
    known = or_(
        false(),
        *(
            and_(workflows.c.kind == kind, workflows.c.definition <= definition)
            for kind, definition in definitions.items()
        ),
    )
    query = (
        select(*COLUMNS)
        .where(known, workflows.c.partition.in_(partitions), workflows.c.deadline <= now)
        .order_by(*order)
        .limit(AT_ONCE)
    )
    if after is not None:
        query = query.where(tuple_(*order) > after)
    return lambda connection: [StoredWorkflow(*row) for row in connection.execute(query)]
