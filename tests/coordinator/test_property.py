"""Whatever happens in whatever order, and whenever the program dies, the orders are as the plain
model has them: every effect once, and what failed undone in reverse.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from tests.bus.looking import look
from tests.coordinator.model import Model, OrderEvent
from tests.coordinator.orders import OrderCancelled, OrderPaid, OrderPlaced, OrderSent
from tests.coordinator.shop import Shop
from tests.storage.fixtures import PATIENCE_MS, fresh_copy
from tests.tiers import examples
from yabot.bus.tables import group_positions
from yabot.coordinator.wakeups import ATTEMPTS
from yabot.runtime.ending import end
from yabot.storage.relational.sqlite import SqliteDatabase


@dataclass(frozen=True)
class Happen:
    event: OrderEvent


@dataclass(frozen=True)
class Pass:
    """Time does."""

    hours: int


@dataclass(frozen=True)
class Run:
    """The worker runs to its end; first it dies after so many moments, if it is to."""

    dies_after: Sequence[int] = ()


@dataclass(frozen=True)
class Rewind:
    """It is forgotten how far the group was: all events are delivered again."""


@dataclass(frozen=True)
class Trouble:
    """The next compensation of this step fails so often."""

    step: str
    times: int


Step = Happen | Pass | Run | Rewind | Trouble

orders = st.sampled_from(["a", "b"])
faults = st.sampled_from(["", "", "", "", "", "", "once", "terminal", "fail", "mistake"])
events = st.one_of(
    st.builds(OrderPlaced, order=orders, fault=faults),
    st.builds(OrderPaid, order=orders, fault=faults),
    st.builds(OrderSent, order=orders, fault=faults),
    st.builds(OrderCancelled, order=orders),
)
deaths = st.lists(st.integers(0, 60), max_size=4)
steps = st.lists(
    st.one_of(
        st.builds(Happen, events),
        st.builds(Happen, events),
        st.builds(Happen, events),
        st.builds(Run, deaths),
        st.builds(Pass, st.sampled_from([1, 2, 800])),
        st.builds(Rewind),
        st.builds(Trouble, st.sampled_from(["reserve", "charge"]), st.integers(1, 3)),
    ),
    min_size=10,
    max_size=30,
)


@dataclass
class World:
    shop: Shop
    model: Model = field(default_factory=Model)
    # What has happened since the worker ran last.
    news: list[OrderEvent] = field(default_factory=list)
    # One more, and an order that has them all is stuck, which the model knows nothing of.
    troubles_left: int = ATTEMPTS - 1

    async def take(self, step: Step) -> None:
        match step:
            case Happen(event):
                # One user: so it is said which of two orders' events come first.
                await self.shop.tell(event)
                self.news.append(event)
            case Pass(hours):
                self.shop.hands.pass_time(hours=hours)
                self.model.now += timedelta(hours=hours)
            case Run(dies_after):
                for moments in dies_after:
                    await self._die_after(moments)
                await self.shop.run()
                self._keep_up()
            case Rewind():
                again = update(group_positions).values(pos=0)
                await self.shop.database.write(lambda connection: connection.execute(again))
            case Trouble(name, times):
                times = min(times, self.troubles_left)
                self.troubles_left -= times
                self.shop.faults.of[name] += [RuntimeError("not now")] * times

    async def end(self) -> None:
        """Nothing more happens: what has been put off is done."""
        await self.take(Run())
        while await self._waiting():
            await self.take(Pass(2))
            await self.take(Run())

    async def _waiting(self) -> bool:
        return any(state == "compensating" for _, state in await self.shop.inspector.counts())

    def _keep_up(self) -> None:
        for event in self.news:
            self.model.happen(event)
        self.news.clear()
        self.model.wake()

    async def _die_after(self, moments: int) -> None:
        """As kill -9 does: whatever was not handed to SQL by then never happens."""
        path = self.shop.database.engine.url.database
        database = SqliteDatabase(Path(str(path)), pool_size=2, timeout_ms=PATIENCE_MS)
        await database.open()
        others = asyncio.all_tasks()
        doomed = asyncio.create_task(_work(Shop(database, self.shop.hands, self.shop.faults)))
        for _ in range(moments):
            await asyncio.sleep(0.0002)
        await end([doomed])
        await end(asyncio.all_tasks() - others)
        await database.close()


async def _work(shop: Shop) -> None:
    group, deadlines = shop.workers()
    while True:
        await look(group)
        await deadlines.run_once()
        await asyncio.sleep(0.001)


@pytest.mark.slow
@pytest.mark.criterion("3.1.4", "3.1.5")
@settings(max_examples=examples(40))
@given(history=steps)
async def test_orders_are_as_the_model_has_them(
    migrated_sqlite: Path, history: Sequence[Step]
) -> None:
    async with fresh_copy(migrated_sqlite) as database:
        world = World(Shop(database))
        await world.shop.open()
        for step in history:
            await world.take(step)
        await world.end()
        await assert_alike(world.shop, world.model)


async def assert_alike(shop: Shop, model: Model) -> None:
    found = {order: (await shop.workflow(order)).get("state") for order in model.orders}
    assert found == {order: each.state for order, each in model.orders.items()}
    assert await shop.effects() == {
        order: each.effects for order, each in model.orders.items() if each.effects
    }
    for order, each in model.orders.items():
        assert await shop.compensated(order) == each.undone
    assert len(await shop.dead()) == model.dead_letters
    assert sum((await shop.inspector.counts()).values()) == len(model.orders)
