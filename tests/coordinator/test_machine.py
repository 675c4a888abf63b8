"""Mistakes in a process are found when the program starts, not when an event comes."""

from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from tests.coordinator.orders import OrderData, OrderPlaced, Orders
from tests.coordinator.shop import Shop
from yabot.coordinator.coordinator import Coordinator
from yabot.coordinator.machine import FINISHED, START, STUCK, Machine
from yabot.coordinator.mistakes import UndeclaredStep, UndeclaredTransition
from yabot.coordinator.process import Route, Workflow
from yabot.errors import StartupError

MACHINE = Machine({START: {"on"}, "on": {"off", FINISHED}, "off": {"on"}})


@pytest.mark.parametrize(
    ("transitions", "said"),
    [
        ({"on": {FINISHED}}, "says which states may follow START"),
        ({START: {"on"}}, "no word on what may follow on"),
        ({START: {"on"}, "on": {STUCK}}, "no word on what may follow stuck"),
        ({START: {"on"}, "on": set(), FINISHED: {"on"}}, "nothing follows finished"),
        ({START: {"on"}, "on": {START}}, "none comes back to it"),
    ],
)
def test_a_machine_that_does_not_hold_together_is_refused(
    transitions: dict[str, set[str]], said: str
) -> None:
    with pytest.raises(StartupError, match=said):
        Machine(transitions)


def test_a_workflow_goes_only_where_its_machine_allows() -> None:
    order = Workflow("order:a", "7", OrderData(order="a"), MACHINE)
    with pytest.raises(UndeclaredTransition, match="order:a may not go from 'new' to 'off'"):
        order.become("off")
    order.become("on")
    order.become("on")
    order.become("off")
    with pytest.raises(UndeclaredTransition, match="from 'off' to 'finished'"):
        order.finish()
    order.become("on")
    order.finish()
    assert order.state == FINISHED


def test_a_step_is_marked_once_and_only_if_it_can_be_undone() -> None:
    order = Workflow("order:a", "7", OrderData(order="a"), MACHINE, undoable=("charge",))
    with pytest.raises(UndeclaredStep, match="nothing compensates the step 'wrap'"):
        order.did("wrap")
    order.did("charge")
    with pytest.raises(UndeclaredStep, match="has done the step 'charge' before"):
        order.did("charge")


class Twice(Orders):
    @override
    def routes(self) -> Sequence[Route[Any, OrderData]]:
        return (Route(OrderPlaced, self.place), Route(OrderPlaced, self.place))


async def test_processes_that_get_in_each_others_way_are_refused(shop: Shop) -> None:
    with pytest.raises(StartupError, match="two processes are called 'order'"):
        Coordinator([Orders(), Orders()], shop.commits)
    with pytest.raises(StartupError, match="'order' has two routes for one type of event"):
        Coordinator([Twice()], shop.commits).subscribers()
