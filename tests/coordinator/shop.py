"""Runs the orders: what the worker role does, without its loops."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.bus.looking import look
from tests.coordinator.orders import ORDER_EVENTS, Faults, Orders
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE
from yabot.bus.groups.building import build_group
from yabot.bus.groups.group import SubscriberGroup
from yabot.bus.groups.positions import declare_groups
from yabot.bus.tables import dead_letters
from yabot.clock import uptime, utc_now
from yabot.coordinator.coordinator import Coordinator
from yabot.coordinator.deadlines import Deadlines
from yabot.coordinator.inspector import WorkflowInspector
from yabot.coordinator.process import Process
from yabot.coordinator.tables import workflows
from yabot.events.catalog import Catalog
from yabot.events.envelope import EventPayload
from yabot.events.failures import FAILURE_EVENTS
from yabot.events.operations import FRAMEWORK_EVENTS
from yabot.log.commit_log import CommitLog
from yabot.log.leases import Leases, SoleLeases
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database
from yabot.trusted_clock import TrustedClock

GROUP = "shop"


@dataclass
class Hands:
    """Of the clocks: time passes on both, and the wall clock may be set."""

    ahead: timedelta = timedelta()
    set_by: timedelta = timedelta()

    def wall(self) -> datetime:
        return utc_now() + self.ahead + self.set_by

    def steady(self) -> float:
        return uptime() + self.ahead.total_seconds()

    def pass_time(self, **span: float) -> None:
        self.ahead += timedelta(**span)

    def clock(self) -> TrustedClock:
        return TrustedClock(self.wall, self.steady)


@dataclass
class Shop:
    """One instance of the program; what it knows, it knows from the database."""

    database: Database
    hands: Hands = field(default_factory=Hands)
    faults: Faults = field(default_factory=Faults)
    leases: Leases = field(default_factory=lambda: SoleLeases(PARTITIONS))

    def __post_init__(self) -> None:
        self.commits = CommitLog(
            self.database,
            Catalog([*ORDER_EVENTS, *FAILURE_EVENTS, *FRAMEWORK_EVENTS]),
            PARTITIONS,
        )
        self.inspector = WorkflowInspector(self.database)

    async def open(self) -> None:
        await self.database.write(declare_groups([GROUP]))

    async def tell(self, payload: EventPayload, user_id: str | None = "7") -> None:
        """Commit an event, as if something had happened elsewhere."""
        cause_id = f"cause {utc_now().timestamp()} {id(payload)}"

        async def publish(work: UnitOfWork) -> None:
            work.publish(payload, user_id)

        await self.commits.decide(Cause("elsewhere", cause_id, cause_id), publish)

    async def resume(self, order: str) -> None:
        """As an operator does."""
        cause_id = f"command {utc_now().timestamp()}"

        async def decide(work: UnitOfWork) -> None:
            await self.inspector.resume(work, f"order:{order}", by="ana")

        await self.commits.decide(Cause("operator", cause_id, cause_id), decide)

    def workers(
        self, processes: Sequence[Process[Any]] | None = None
    ) -> tuple[SubscriberGroup, Deadlines]:
        coordinator = Coordinator(processes or [self.orders()], self.commits)
        group = build_group(GROUP, coordinator.subscribers(), self.commits, self.leases)
        return group, Deadlines(group, coordinator, self.hands.clock())

    def orders(self) -> Orders:
        return Orders(self.hands.wall, self.faults)

    async def run(self, *processes: Process[Any]) -> None:
        """Do all there is to do now, and stop."""
        while True:
            group, deadlines = self.workers(processes)
            await look(group)
            await deadlines.run_once()
            await group.stop(PATIENCE)
            if not await self.due():
                return

    async def due(self) -> bool:
        now = self.hands.wall()
        rows = await rows_of(self.database, workflows)
        return any(row["deadline"] is not None and row["deadline"] <= now for row in rows)

    async def workflow(self, order: str) -> dict[str, Any]:
        """Its row, or nothing."""
        for row in await rows_of(self.database, workflows):
            if row["id"] == f"order:{order}":
                return row
        return {}

    async def state(self, order: str) -> str | None:
        return (await self.workflow(order)).get("state")

    async def effects(self) -> dict[str, list[str]]:
        """By order, in the order in which they happened."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in await rows_of(self.database, audit_log):
            if row["kind"] == "effect":
                order, _, what = row["details"].partition(" ")
                found[order].append(what)
        return dict(found)

    async def compensated(self, order: str) -> list[str]:
        """The steps that the audit says were undone."""
        told = [
            json.loads(row["details"])
            for row in await rows_of(self.database, audit_log)
            if row["kind"] == "compensation"
        ]
        return [each["step"] for each in told if each["workflow"] == f"order:{order}"]

    async def resumed_by(self) -> list[str]:
        """Who the audit says has resumed a workflow."""
        return [
            json.loads(row["details"])["by"]
            for row in await rows_of(self.database, audit_log)
            if row["kind"] == "workflow_resumed"
        ]

    async def dead(self) -> Rows:
        rows = await rows_of(self.database, dead_letters)
        return [row for row in rows if row["state"] == "dead"]
