"""A process to try the engine on: an order is reserved, charged and shipped, or undone.

Its effects are rows of the audit: one that happened twice would be there twice.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field
from sqlalchemy import Connection, insert
from typing_extensions import override

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
from yabot.errors import TerminalError
from yabot.events.envelope import EventPayload
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event

# What a step does instead of succeeding: it refuses for good, ends the workflow by itself, has a
# mistake in it, or goes wrong once.
Fault = Literal["", "terminal", "fail", "mistake", "once"]

PAY_WITHIN = timedelta(hours=1)
CLOSE_AFTER = timedelta(days=30)


class OrderPlaced(EventPayload):
    event_type: ClassVar[str] = "order_placed"
    order: str
    fault: Fault = ""


class OrderPaid(EventPayload):
    event_type: ClassVar[str] = "order_paid"
    order: str
    fault: Fault = ""


class OrderSent(EventPayload):
    event_type: ClassVar[str] = "order_sent"
    order: str
    fault: Fault = ""


class OrderCancelled(EventPayload):
    event_type: ClassVar[str] = "order_cancelled"
    order: str


class OrderClosed(EventPayload):
    event_type: ClassVar[str] = "order_closed"
    order: str


ORDER_EVENTS = (OrderPlaced, OrderPaid, OrderSent, OrderCancelled, OrderClosed)
Faulty = OrderPlaced | OrderPaid | OrderSent


class Refused(TerminalError):
    code = "refused"


class OrderData(WorkflowData):
    order: str
    history: list[str] = Field(default_factory=list)


@dataclass
class Faults:
    """What goes wrong in compensations and deadlines, in this order; then nothing more does."""

    of: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    # Events that have gone wrong once.
    _once: set[str] = field(default_factory=set)

    def strike(self, what: str) -> None:
        if self.of[what]:
            raise self.of[what].pop(0)

    def strike_once(self, event: Event[Faulty]) -> None:
        if event.payload.fault == "once" and event.envelope.event_id not in self._once:
            self._once.add(event.envelope.event_id)
            raise RuntimeError("it goes wrong once")


def order_of(event: Event[Any]) -> str:
    order: str = event.payload.order
    return order


class Orders(Process[OrderData]):
    kind = "order"
    data = OrderData
    machine = Machine(
        {
            START: {"reserved"},
            "reserved": {"charged"},
            "charged": {"sent"},
            "sent": {FINISHED},
        }
    )

    def __init__(self, now: Callable[[], datetime] = utc_now, faults: Faults | None = None) -> None:
        self._now = now
        self.faults = faults or Faults()

    @override
    def routes(self) -> Sequence[Route[Any, OrderData]]:
        return (
            Route(OrderPlaced, self.place, key=order_of, starts=_empty),
            Route(OrderPaid, self.pay, key=order_of),
            Route(OrderSent, self.send, key=order_of),
            Route(OrderCancelled, self.cancel, key=order_of),
        )

    @override
    def compensations(self) -> Mapping[str, Compensation[OrderData]]:
        return {"reserve": self.release, "charge": self.refund}

    async def place(
        self, event: Event[OrderPlaced], order: Workflow[OrderData], work: UnitOfWork
    ) -> None:
        if order.state != START:
            return
        effect(work, order, "reserve")
        order.did("reserve")
        order.become("reserved")
        order.wake_at(self._now() + PAY_WITHIN)
        self._go_wrong(event, order)

    async def pay(
        self, event: Event[OrderPaid], order: Workflow[OrderData], work: UnitOfWork
    ) -> None:
        effect(work, order, "charge")
        order.did("charge")
        order.become("charged")
        order.wake_at(None)
        self._go_wrong(event, order)

    async def send(
        self, event: Event[OrderSent], order: Workflow[OrderData], work: UnitOfWork
    ) -> None:
        effect(work, order, "send")
        order.become("sent")
        order.wake_at(self._now() + CLOSE_AFTER)
        self._go_wrong(event, order)

    async def cancel(
        self, event: Event[OrderCancelled], order: Workflow[OrderData], work: UnitOfWork
    ) -> None:
        if order.state != "sent":
            order.fail("cancelled")

    @override
    async def on_deadline(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        self.faults.strike("deadline")
        if order.state == "reserved":
            raise Refused("it was not paid in time")
        effect(work, order, "close")
        work.publish(OrderClosed(order=order.data.order), order.user_id)
        order.finish()

    async def release(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        self.faults.strike("reserve")
        effect(work, order, "release")

    async def refund(self, order: Workflow[OrderData], work: UnitOfWork) -> None:
        self.faults.strike("charge")
        effect(work, order, "refund")

    def _go_wrong(self, event: Event[Any], order: Workflow[OrderData]) -> None:
        self.faults.strike_once(event)
        match event.payload.fault:
            case "terminal":
                raise Refused(f"{event.envelope.event_type} is refused")
            case "fail":
                order.fail(f"{event.envelope.event_type} fails")
            case "mistake":
                order.become(START)


def effect(work: UnitOfWork, order: Workflow[OrderData], what: str) -> None:
    order.data.history.append(what)
    row = {
        "kind": "effect",
        "user_id": order.user_id,
        "details": f"{order.data.order} {what}",
        "created_at": utc_now(),
    }

    def add(connection: Connection) -> None:
        connection.execute(insert(audit_log), row)

    work.add(add)


def _empty(event: Event[OrderPlaced]) -> OrderData:
    return OrderData(order=event.payload.order)
