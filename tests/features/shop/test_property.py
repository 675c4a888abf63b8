"""Whatever is earned, pressed, pressed again, repriced and forgotten, the shop is the model."""

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from tests.features.shop import model
from tests.features.shop.trade import Answer, Trade, item, open_trade, order
from tests.storage.dumps import events_of
from tests.storage.fixtures import PATIENCE_MS, PostgresServer
from tests.storage.schema import COLLECTIONS
from tests.tiers import examples
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.model import SHOP
from yabot.features.besitos.tables import postings
from yabot.features.shop.order import Order
from yabot.features.shop.service import Offer, Refused, Repriced
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.sqlite import SqliteDatabase

T = TypeVar("T")
OpenStores = Callable[[], tuple[Database, DocumentStore]]

READERS = ("1", "2")
ITEMS = ("boat", "pencil")
readers, wares = st.sampled_from(READERS), st.sampled_from(ITEMS)


class ShopMachine(RuleBasedStateMachine):
    """Each step in the real shop and in the model, which must agree afterwards."""

    def __init__(self, open_stores: OpenStores) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._model = model.Shop({"boat": 3, "pencil": 6, "plate": None})
        # Every button that was ever shown, and to whom.
        self._buttons: list[tuple[str, Order]] = []
        self._trade = self._run(self._open(open_stores))

    async def _open(self, open_stores: OpenStores) -> Trade:
        database, documents = open_stores()
        await database.open()
        self._stack.push_async_callback(documents.close)
        self._stack.push_async_callback(database.close)
        return await open_trade(database, documents)

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(step)

    def teardown(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()

    @initialize()
    def all_come(self) -> None:
        for reader in READERS:
            self.come_or_go(reader)

    @rule(reader=readers)
    def come_or_go(self, reader: str) -> None:
        if reader in self._model.customers:
            self._run(self._trade.leave(reader))
            del self._model.customers[reader]
        else:
            self._run(self._trade.join(reader))
            self._model.customers[reader] = model.Customer()

    @rule(reader=readers, amount=st.integers(1, 12))
    def earn(self, reader: str, amount: int) -> None:
        if customer := self._model.customers.get(reader):
            self._run(self._trade.award(reader, amount))
            customer.balance += amount

    @rule(item_id=wares, price=st.none() | st.integers(1, 9))
    def reprice(self, item_id: str, price: int | None) -> None:
        self._model.prices[item_id] = price
        shelf = [
            item(name, cost, unique=name in model.UNIQUE)
            for name, cost in self._model.prices.items()
        ]
        self._run(self._trade.shelf.replace(shelf))

    @rule(reader=readers, item_id=wares, times=st.integers(1, 3))
    def buy(self, reader: str, item_id: str, times: int) -> None:
        """Asked for, and the button pressed: perhaps several times."""
        self._buttons.append((reader, order(item_id, self._model.prices[item_id] or 1)))
        for _ in range(times):
            self.press(-1)

    @rule(number=st.integers(0, 40))
    def press(self, number: int) -> None:
        """A button that may have been pressed before, or be from before a change."""
        if not self._buttons:
            return
        reader, button = self._buttons[number % len(self._buttons)]
        if reader in self._model.customers:
            answer = _named(self._run(self._trade.press(reader, button)))
            assert answer == self._model.press(reader, button)

    @invariant()
    def agree(self) -> None:
        self._run(self._compare())

    async def _compare(self) -> None:
        trade = self._trade
        for reader in READERS:
            customer = self._model.customers.get(reader, model.Customer())
            assert await trade.besitos.balance(reader) == customer.balance
            if reader in self._model.customers:
                assert await trade.inventory(reader) == customer.owned
            assert await self._acquired(reader) == self._model.acquired.get(reader, [])
        assert await self._taken() == self._model.taken
        assert await audit_ledger(trade.database) == []

    async def _acquired(self, reader: str) -> list[str]:
        events = [
            json.loads(row["envelope"])
            for row in await events_of(self._trade.database, reader)
            if row["event_type"] == "item_acquired"
        ]
        assert {event["payload"]["transaction_id"] for event in events} <= self._model.paid
        return [event["payload"]["item_id"] for event in events]

    async def _taken(self) -> int:
        """What the shop has been paid."""
        query = select(func.sum(postings.c.amount)).where(postings.c.account_id == SHOP)
        total = await self._trade.database.read(
            lambda connection: connection.execute(query).scalar()
        )
        return int(total or 0)


def _named(answer: Answer) -> str:
    match answer:
        case Offer():
            return "bought"
        case Refused(why):
            return why
        case Repriced():
            return "price_changed"
        case _:
            return "insufficient"


def run_machine(open_stores: OpenStores, *, count: int, steps: int) -> None:
    class Machine(ShopMachine):
        def __init__(self) -> None:
            super().__init__(open_stores)

    patient = settings(
        max_examples=examples(count),
        stateful_step_count=steps,
    )
    run_state_machine_as_test(Machine, settings=patient)


@pytest.fixture
def new_store(mongodb_uri: str, mongo_database: str) -> Callable[[], DocumentStore]:
    def new() -> DocumentStore:
        return DocumentStore(mongodb_uri, mongo_database, max_pool_size=2, timeout_ms=PATIENCE_MS)

    async def prepare() -> None:
        store = new()
        await store.ensure(COLLECTIONS)
        await store.close()

    asyncio.run(prepare())
    return new


@pytest.mark.criterion("3.1.3")
def test_the_shop_is_the_model_on_sqlite(
    migrated_sqlite: Path, tmp_path: Path, new_store: Callable[[], DocumentStore]
) -> None:
    def open_stores() -> tuple[Database, DocumentStore]:
        path = tmp_path / f"{uuid4().hex}.db"
        shutil.copy(migrated_sqlite, path)
        return SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS), new_store()

    run_machine(open_stores, count=25, steps=25)


@pytest.mark.slow
@pytest.mark.criterion("3.1.3")
def test_the_shop_is_the_model_on_postgres(
    postgres_server: PostgresServer, new_store: Callable[[], DocumentStore]
) -> None:
    made: list[str] = []

    def open_stores() -> tuple[Database, DocumentStore]:
        made.append(postgres_server.create_migrated())
        url = postgres_server.url_of(made[-1])
        return PostgresDatabase(url, pool_size=2, timeout_ms=PATIENCE_MS), new_store()

    run_machine(open_stores, count=4, steps=15)
    for name in made:
        postgres_server.drop(name)
