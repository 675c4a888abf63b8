"""Tells the bus what happened to the program itself, even if SQL was away at that moment."""

import asyncio
from typing import ClassVar

from uuid_utils import uuid7

from yabot.events.envelope import EventPayload
from yabot.log.commit_log import CommitLog, outage_of_sql
from yabot.log.unit_of_work import Cause, UnitOfWork
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
        # Each with its correlation id, and with its own.
        self._waiting: asyncio.Queue[tuple[EventPayload, str, str]] = asyncio.Queue()
        # By store, the last one.
        self._outages: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="incidents")

    def report(self, incident: Incident) -> None:
        """What is of one outage is of one correlation, and so takes effect in this order."""
        if isinstance(incident, StoreLost):
            self._outages[incident.store] = f"outage:{uuid7()}"
        outage = self._outages.setdefault(incident.store, f"outage:{uuid7()}")
        self._waiting.put_nowait((incident, outage, f"incident:{uuid7()}"))

    def tell(self, event: EventPayload) -> None:
        """What stands for itself and is no user's."""
        self.tell_once(event, str(uuid7()))

    def tell_once(self, event: EventPayload, of: str) -> None:
        """As above; processes that notice the same, ``of`` the same, publish it once."""
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
                # Those behind it are still to be told.
                log.exception("incident.not_published", event_type=incident[0].event_type)

    async def _publish(self, event: EventPayload, correlation_id: str, cause_id: str) -> None:
        async def publish(work: UnitOfWork) -> None:
            work.publish(event)

        cause = Cause("incidents", cause_id, correlation_id)
        await self._commits.decide(cause, publish, waits_out=outage_of_sql)
