"""The data of a workflow outlives the program that wrote it."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import override

from tests.coordinator.orders import OrderPaid, OrderPlaced, order_of
from tests.coordinator.shop import Shop
from tests.storage.dumps import rows_of
from yabot.coordinator.process import START, Machine, Process, Route, Workflow, WorkflowData
from yabot.coordinator.tables import workflows
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event


class OldTally(WorkflowData):
    count: int


class Tally(WorkflowData):
    counts: dict[str, int]


class OldCounting(Process[OldTally]):
    kind = "count"
    data = OldTally
    machine = Machine({START: {"counting"}, "counting": set()})

    @override
    def routes(self) -> Sequence[Route[Any, OldTally]]:
        return (Route(OrderPlaced, self.begin, key=order_of, starts=lambda _: OldTally(count=1)),)

    async def begin(
        self, event: Event[OrderPlaced], tally: Workflow[OldTally], work: UnitOfWork
    ) -> None:
        tally.become("counting")


class Counting(Process[Tally]):
    kind = "count"
    definition = 3
    data = Tally
    machine = OldCounting.machine

    @override
    def routes(self) -> Sequence[Route[Any, Tally]]:
        return (Route(OrderPaid, self.count, key=order_of),)

    @override
    def upgrade(self, definition: int, raw: dict[str, Any]) -> dict[str, Any]:
        assert definition == 1
        return {"counts": {"placed": raw["count"]}}

    async def count(
        self, event: Event[OrderPaid], tally: Workflow[Tally], work: UnitOfWork
    ) -> None:
        tally.data.counts["paid"] = tally.data.counts.get("paid", 0) + 1


class Careless(Counting):
    """Nobody has written its upgrade."""

    upgrade = Process.upgrade


class Sloppy(Counting):
    async def count(
        self, event: Event[OrderPaid], tally: Workflow[Tally], work: UnitOfWork
    ) -> None:
        tally.data.counts["paid"] = "many"  # type: ignore[assignment]


async def test_data_of_an_older_definition_is_upgraded_and_then_written_anew(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run(OldCounting())
    for _ in range(2):
        await shop.tell(OrderPaid(order="a"))
        await shop.run(Counting())
    [row] = await rows_of(shop.database, workflows)
    assert (row["definition"], row["data"]) == (3, '{"counts":{"placed":1,"paid":2}}')


async def test_data_of_a_newer_definition_makes_a_dead_letter_that_says_so(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run(OldCounting())
    await shop.tell(OrderPaid(order="a"))
    await shop.run(Counting())
    before = await rows_of(shop.database, workflows)
    await shop.tell(OrderPlaced(order="a"))
    await shop.run(OldCounting())
    [letter] = await shop.dead()
    assert letter["error_code"] == "newer_definition"
    assert "written by definition 3 of 'count', and this program knows 1" in letter["error"]
    assert await rows_of(shop.database, workflows) == before


async def test_without_an_upgrade_nothing_is_guessed(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run(OldCounting())
    await shop.tell(OrderPaid(order="a"))
    await shop.run(Careless())
    [letter] = await shop.dead()
    assert letter["error_code"] == "decision_refused"
    assert "no upgrade from definition 1 to 3" in letter["error"]


async def test_data_that_breaks_its_model_is_not_stored(shop: Shop) -> None:
    await shop.tell(OrderPlaced(order="a"))
    await shop.run(OldCounting())
    before = await rows_of(shop.database, workflows)
    await shop.tell(OrderPaid(order="a"))
    await shop.run(Sloppy())
    [letter] = await shop.dead()
    assert letter["error_code"] == "decision_refused"
    assert "counts.paid" in letter["error"]
    assert await rows_of(shop.database, workflows) == before
