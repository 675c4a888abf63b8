"""A subscription over time: the notice before its end, and the end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from yabot.clock import to_microseconds, utc_now
from yabot.coordinator.process import (
    FINISHED,
    START,
    Machine,
    Process,
    Route,
    Workflow,
    WorkflowData,
)
from yabot.features.subscriptions.events import SubscriptionUpdated
from yabot.features.subscriptions.replies import (
    LOOK_AT_PLANS,
    on_end,
    on_ending,
)
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.terms import Term
from yabot.features.users.notices import Notices
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event

# How long before the end the reader hears of it.
NOTICE = timedelta(days=3)

RUNNING = "running"
NOTICED = "noticed"


class TermData(WorkflowData):
    """Which term it is about: a user's next one begins later, and is another workflow."""

    start_date: datetime


class SubscriptionProcess(Process[TermData]):
    """One workflow for each term, from its purchase to its end.

    Each step looks at the subscription as it is now, so the same step serves every event and every
    deadline, in whichever order they come.
    """

    kind: ClassVar[str] = "subscription"
    data = TermData
    machine: ClassVar[Machine] = Machine(
        {
            START: {RUNNING, NOTICED, FINISHED},
            RUNNING: {NOTICED, FINISHED},
            NOTICED: {RUNNING, FINISHED},
        }
    )

    def __init__(
        self,
        subscriptions: SubscriptionService,
        notices: Notices,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._subscriptions = subscriptions
        self._notices = notices
        self._now = now

    def routes(self) -> Sequence[Route[Any, TermData]]:
        return [
            Route(
                SubscriptionUpdated,
                self._changed,
                key=_term_key,
                starts=lambda event: TermData(start_date=event.payload.start_date),
                late="apply",
            )
        ]

    async def on_deadline(self, workflow: Workflow[TermData], work: UnitOfWork) -> None:
        await self._review(workflow, work)

    async def _changed(
        self, _event: Event[SubscriptionUpdated], workflow: Workflow[TermData], work: UnitOfWork
    ) -> None:
        await self._review(workflow, work)

    async def _review(self, workflow: Workflow[TermData], work: UnitOfWork) -> None:
        assert workflow.user_id is not None
        term = await self._subscriptions.running(workflow.user_id)
        if term is None or term.start_date != workflow.data.start_date:
            await self._end(workflow, work)
        elif term.status == "cancelled":
            self._wait(workflow, RUNNING, term.end_date)
        elif self._now() < term.end_date - NOTICE:
            self._wait(workflow, RUNNING, term.end_date - NOTICE)
        elif term.end_date - term.start_date <= NOTICE:
            # Whoever has got so little knows how long it is.
            self._wait(workflow, RUNNING, term.end_date)
        else:
            await self._remind(workflow, work, term)

    async def _end(self, workflow: Workflow[TermData], work: UnitOfWork) -> None:
        """Close terms that are over, and say so; refunds and purchases close theirs themselves."""
        assert workflow.user_id is not None
        ended = await self._subscriptions.expire(work, workflow.user_id)
        if ended is not None:
            await self._notices.tell(
                work, workflow.user_id, lambda t: on_end(ended, t), LOOK_AT_PLANS
            )
        if workflow.state != START or ended is not None:
            workflow.finish()

    async def _remind(self, workflow: Workflow[TermData], work: UnitOfWork, term: Term) -> None:
        assert workflow.user_id is not None
        if workflow.state != NOTICED:
            await self._notices.tell(
                work, workflow.user_id, lambda t: on_ending(term, t), LOOK_AT_PLANS
            )
        self._wait(workflow, NOTICED, term.end_date)

    def _wait(self, workflow: Workflow[TermData], state: str, moment: datetime) -> None:
        workflow.become(state)
        workflow.wake_at(moment)


def _term_key(event: Event[SubscriptionUpdated]) -> str:
    return f"{event.user_id}:{to_microseconds(event.payload.start_date)}"
