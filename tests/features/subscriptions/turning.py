"""Turns the wheels by hand: events are heard and deadlines come when the test says so."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from tests.features.subscriptions.till import Till
from tests.storage.dumps import rows_of
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.coordinator.coordinator import Coordinator
from yabot.coordinator.machine import COMPENSATING
from yabot.coordinator.process import Process
from yabot.coordinator.rows import COLUMNS, StoredWorkflow
from yabot.events.envelope import Envelope
from yabot.features.subscriptions.held import HeldPaymentProcess
from yabot.features.subscriptions.process import SubscriptionProcess
from yabot.features.users.notices import Notices
from yabot.log.tables import outbox
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber


class Turning:
    def __init__(self, till: Till) -> None:
        self._till = till
        self._heard: set[str] = set()
        notices = Notices(till.world.users, build_texts(FEATURES))
        processes: list[Process[Any]] = [
            SubscriptionProcess(till.subscriptions, notices, till.clock),
            HeldPaymentProcess(till.payments, notices, till.clock),
        ]
        self._coordinator = Coordinator(processes, till.world.services.commits)
        self._by_type: dict[str, Subscriber[Any]] = {
            each.event.event_type: each for each in self._coordinator.subscribers()
        }

    async def hear(self) -> None:
        """Every event that has not been heard yet."""
        for row in await rows_of(self._till.database, outbox):
            if row["event_id"] not in self._heard and row["event_type"] in self._by_type:
                self._heard.add(row["event_id"])
                await self._hear(Envelope.model_validate_json(row["envelope"]))

    async def pass_time(self, span: timedelta) -> None:
        """Deadlines come in their order until none is due."""
        self._till.clock.now += span
        while (due := await self._due()) is not None:
            await self._come(due)

    async def _hear(self, envelope: Envelope) -> None:
        payload: Any = self._till.world.services.commits.catalog.payload_of(envelope)
        subscriber = self._by_type[envelope.event_type]
        await self._till.commit(lambda work: subscriber.handle(Event(envelope, payload), work))

    async def _due(self) -> StoredWorkflow | None:
        query = select(*COLUMNS).order_by(COLUMNS[0])
        rows = await self._till.database.read(lambda connection: connection.execute(query).all())
        now = self._till.clock.now
        found = [StoredWorkflow(*row) for row in rows]
        due = [
            each
            for each in found
            if each.state == COMPENSATING or (each.deadline is not None and each.deadline <= now)
        ]
        return due[0] if due else None

    async def _come(self, due: StoredWorkflow) -> None:
        steps = self._coordinator.steps_of(due)

        async def decide(work: UnitOfWork) -> None:
            if due.state == COMPENSATING:
                await steps.compensate(due, work)
            else:
                await steps.on_deadline(due, work)

        await self._till.commit(decide)
