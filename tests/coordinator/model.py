"""What the orders do, as a plain model: no store, no engine, one thing after another."""

from dataclasses import dataclass, field
from datetime import timedelta

from tests.coordinator.orders import (
    CLOSE_AFTER,
    PAY_WITHIN,
    Fault,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderSent,
)

OrderEvent = OrderPlaced | OrderPaid | OrderSent | OrderCancelled
UNDO = {"reserve": "release", "charge": "refund"}


@dataclass
class ModelOrder:
    state: str = "new"
    effects: list[str] = field(default_factory=list)
    deadline: timedelta | None = None

    @property
    def undone(self) -> list[str]:
        """The steps that were compensated."""
        return [step for step in ("charge", "reserve") if UNDO[step] in self.effects]

    def fail(self) -> None:
        done = [each for each in self.effects if each in UNDO]
        self.effects += [UNDO[each] for each in reversed(done)]
        self.state, self.deadline = "failed", None

    def step(self, state: str, effect: str, deadline: timedelta | None, fault: Fault) -> bool:
        """False when the event is a dead letter."""
        if fault == "mistake":
            return False
        if fault != "terminal":
            self.effects.append(effect)
            self.state, self.deadline = state, deadline
        if fault in {"terminal", "fail"}:
            self.fail()
        return True


@dataclass
class Model:
    now: timedelta = timedelta()
    orders: dict[str, ModelOrder] = field(default_factory=dict)
    dead_letters: int = 0

    def happen(self, event: OrderEvent) -> None:
        if not self._takes_effect(event):
            self.dead_letters += 1

    def wake(self) -> None:
        for order in self.orders.values():
            if order.deadline is None or order.deadline > self.now:
                continue
            if order.state == "reserved":
                order.fail()
            else:
                order.effects.append("close")
                order.state, order.deadline = "finished", None

    def _takes_effect(self, event: OrderEvent) -> bool:
        """False when it is a dead letter."""
        order = self.orders.get(event.order)
        if order is None:
            return self._begins(event)
        if order.state in {"failed", "finished"}:
            return True
        match event:
            case OrderPaid(fault=fault):
                may = order.state == "reserved"
                return may and order.step("charged", "charge", None, fault)
            case OrderSent(fault=fault):
                may = order.state in {"charged", "sent"}
                return may and order.step("sent", "send", self.now + CLOSE_AFTER, fault)
            case OrderCancelled() if order.state != "sent":
                order.fail()
        return True

    def _begins(self, event: OrderEvent) -> bool:
        if not isinstance(event, OrderPlaced):
            return True
        order = ModelOrder()
        if not order.step("reserved", "reserve", self.now + PAY_WITHIN, event.fault):
            return False
        self.orders[event.order] = order
        return True
