"""What happens to a charge that was recorded but could not be activated."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from yabot.clock import utc_now
from yabot.coordinator.process import (
    FINISHED,
    START,
    Compensation,
    Machine,
    Process,
    Route,
    Workflow,
    WorkflowData,
)
from yabot.error_text import kind_of
from yabot.errors import TerminalError, TransientError
from yabot.features.subscriptions.charges import digest_of
from yabot.features.subscriptions.events import PaymentHeld
from yabot.features.subscriptions.payments import PaymentService, Settled
from yabot.features.subscriptions.replies import READ_ON, on_payment
from yabot.features.subscriptions.terms import Term
from yabot.features.users.notices import Notices
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.subscriber import Event

log = get_logger(__name__)

# By then the cause may have passed.
TRY_AFTER = timedelta(minutes=1)

HELD = "held"


class ActivationFailed(TerminalError):
    code = "activation_failed"


class HeldData(WorkflowData):
    charge_id: str


class HeldPaymentProcess(Process[HeldData]):
    """Tries once more to activate a held charge; if that fails, its Stars are given back."""

    kind: ClassVar[str] = "held_payment"
    data = HeldData
    machine: ClassVar[Machine] = Machine({START: {HELD}, HELD: {FINISHED}})

    def __init__(
        self,
        payments: PaymentService,
        notices: Notices,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._payments = payments
        self._notices = notices
        self._now = now

    def routes(self) -> Sequence[Route[Any, HeldData]]:
        return [
            Route(
                PaymentHeld,
                self._take,
                key=lambda event: digest_of(event.payload.charge_id),
                starts=lambda event: HeldData(charge_id=event.payload.charge_id),
                late="apply",
            )
        ]

    def compensations(self) -> Mapping[str, Compensation[HeldData]]:
        return {"payment": self._give_back}

    async def _take(
        self, _event: Event[PaymentHeld], workflow: Workflow[HeldData], _work: UnitOfWork
    ) -> None:
        if workflow.state == START:
            workflow.become(HELD)
            workflow.did("payment")
            workflow.wake_at(self._now() + TRY_AFTER)

    async def on_deadline(self, workflow: Workflow[HeldData], work: UnitOfWork) -> None:
        charge_id = workflow.data.charge_id
        try:
            settled = await self._payments.activate_held(work, charge_id)
        except TransientError:
            raise
        except Exception as error:
            log.exception("payment.not_activated", user_id=workflow.user_id)
            raise ActivationFailed(f"the charge cannot be activated: {kind_of(error)}") from error
        await self._tell(workflow, work, settled)
        workflow.finish()

    async def _give_back(self, workflow: Workflow[HeldData], work: UnitOfWork) -> None:
        charge_id = workflow.data.charge_id
        if await self._payments.refund(work, charge_id, workflow.failure or "") is not None:
            await self._tell(workflow, work, "refunding")

    async def _tell(self, workflow: Workflow[HeldData], work: UnitOfWork, settled: Settled) -> None:
        assert workflow.user_id is not None
        buttons = READ_ON if isinstance(settled, Term) else ()
        await self._notices.tell(
            work, workflow.user_id, lambda t: on_payment(settled, t), buttons, asked_for=True
        )
