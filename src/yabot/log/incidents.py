"""Tells the bus what happened to the program itself, even if SQL was away at that moment."""

import asyncio
from typing import ClassVar

from uuid_utils import uuid7

from yabot.events.envelope import EventPayload
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import outage_of_sql
from yabot.observability.logging import get_logger
from yabot.runtime.ending import end

log = get_logger(__name__)


class StoreLost(EventPayload):
    """A store stopped answering."""

    event_type: ClassVar[str] = "store_lost"

    store: str


class StoreRestored(EventPayload):
    """A store answers again."""

    event_type: ClassVar[str] = "store_restored"

    store: str
    downtime_s: float


Incident = StoreLost | StoreRestored


class Incidents:
    """Reports are kept in memory until SQL takes them, in the order in which they came."""

    def __init__(self, commits: CommitLog) -> None:
        self._commits = commits
        # Each event with its correlation id and its cause id.
        self._waiting: asyncio.Queue[tuple[EventPayload, str, str]] = asyncio.Queue()
        # By store, the correlation id of its last outage.
        self._outages: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="incidents")

    def report(self, incident: Incident) -> None:
        """Incidents of one outage share a correlation id, and so take effect in order."""
        if isinstance(incident, StoreLost):
            self._outages[incident.store] = f"outage:{uuid7()}"
        outage = self._outages.setdefault(incident.store, f"outage:{uuid7()}")
        self._waiting.put_nowait((incident, outage, f"incident:{uuid7()}"))

    def tell(self, event: EventPayload) -> None:
        """Publish an event that belongs to no user and no outage."""
        self.tell_once(event, str(uuid7()))

    def tell_once(self, event: EventPayload, of: str) -> None:
        """As ``tell``; processes that report the same ``of`` publish the event once."""
        incident = f"incident:{of}"
        self._waiting.put_nowait((event, incident, incident))

    async def stop(self) -> None:
        if self._task is not None:
            await end([self._task])

    async def _run(self) -> None:
        while True:
            incident = await self._waiting.get()
            try:
                await self._publish(*incident)
            except Exception:
                # The incidents behind this one are still to be published.
                log.exception("incident.not_published", event_type=incident[0].event_type)

    async def _publish(self, event: EventPayload, correlation_id: str, cause_id: str) -> None:
        async def publish(work: UnitOfWork) -> None:
            work.publish(event)

        cause = Cause("incidents", cause_id, correlation_id)
        await self._commits.decide(cause, publish, waits_out=outage_of_sql)
