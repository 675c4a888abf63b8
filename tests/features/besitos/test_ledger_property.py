"""Whatever is done in whatever order, the ledger is what a plain model says."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.features.besitos.ledger import Ledger
from tests.features.users.storage.world import new_world
from tests.storage.fixtures import PATIENCE_MS, PostgresServer, mongodb_away
from tests.tiers import examples
from yabot.features.besitos.audit import audit_ledger
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.sqlite import SqliteDatabase

# Against a model, step by step.
pytestmark = pytest.mark.slow

T = TypeVar("T")

READERS = ("1", "2", "3")
readers = st.sampled_from(READERS)
amounts = st.integers(1, 9)
# Few, so that many come again.
keys = st.sampled_from([f"key {number}" for number in range(12)])


@dataclass(frozen=True)
class Award:
    reader: str
    amount: int
    key: str


@dataclass(frozen=True)
class Spend:
    reader: str
    amount: int
    key: str


@dataclass(frozen=True)
class Transfer:
    reader: str
    recipient: str
    amount: int
    key: str


Move = Award | Spend | Transfer
moves = st.one_of(
    st.builds(Award, readers, amounts, keys),
    st.builds(Spend, readers, amounts, keys),
    st.builds(
        lambda order, amount, key: Transfer(order[0], order[1], amount, key),
        st.permutations(READERS),
        amounts,
        keys,
    ),
)


@dataclass
class Model:
    """Balances in memory."""

    balances: dict[str, int] = field(default_factory=dict)
    earned: Counter[str] = field(default_factory=Counter)
    movements: dict[str, list[int]] = field(default_factory=dict)
    system: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    # Of each reader, also those who have left.
    events: dict[str, list[tuple[str, int, int]]] = field(
        default_factory=lambda: {reader: [] for reader in READERS}
    )

    def join(self, reader: str) -> None:
        self.balances[reader], self.movements[reader] = 0, []

    def leave(self, reader: str) -> None:
        self.system["closed"] += self.balances.pop(reader)
        del self.earned[reader], self.movements[reader]

    def move(self, move: Move) -> object:
        """What the service must answer."""
        if move.key in self.keys:
            return "repeated"
        match move:
            case Award(reader, amount):
                return self._award(reader, amount, move.key)
            case Spend(reader, amount):
                return self._spend(reader, amount, move.key)
            case Transfer(reader, recipient, amount):
                return self._transfer(reader, recipient, amount, move.key)

    def _award(self, reader: str, amount: int, key: str) -> str:
        if reader not in self.balances:
            return "unknown_reader"
        self.keys.add(key)
        self.system["system:rewards"] -= amount
        self.earned[reader] += amount
        self._change(reader, amount)
        return "awarded"

    def _spend(self, reader: str, amount: int, key: str) -> str:
        if reader not in self.balances:
            return "unknown_reader"
        if self.balances[reader] < amount:
            return "insufficient"
        self.keys.add(key)
        self.system["system:shop"] += amount
        self._change(reader, -amount)
        return "spent"

    def _transfer(self, sender: str, recipient: str, amount: int, key: str) -> str:
        if sender not in self.balances:
            return "unknown_sender"
        if self.balances[sender] < amount:
            return "insufficient"
        if recipient not in self.balances:
            return "unknown_recipient"
        self.keys.add(key)
        self._change(sender, -amount)
        self._change(recipient, amount)
        return "transferred"

    def _change(self, reader: str, change: int) -> None:
        self.balances[reader] += change
        self.movements[reader].insert(0, change)
        kind = "besitos_awarded" if change > 0 else "besitos_spent"
        self.events[reader].append((kind, abs(change), self.balances[reader]))


class LedgerMachine(RuleBasedStateMachine):
    """Each step on the real ledger and on the model, which must agree afterwards."""

    def __init__(self, new_database: Callable[[], Database]) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._model = Model()
        self._ledger = self._run(self._open(new_database))

    async def _open(self, new_database: Callable[[], Database]) -> Ledger:
        database = new_database()
        await database.open()
        self._stack.push_async_callback(database.close)
        store = await self._stack.enter_async_context(mongodb_away())
        return Ledger(new_world(database, store))

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(step)

    def teardown(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()

    @rule(reader=readers)
    def come_or_go(self, reader: str) -> None:
        if reader in self._model.balances:
            self._run(self._ledger.leave(reader))
            self._model.leave(reader)
        else:
            self._run(self._ledger.join(reader))
            self._model.join(reader)

    @rule(unit=st.lists(moves, min_size=1, max_size=4))
    def move(self, unit: list[Move]) -> None:
        """All in one commit."""
        assert self._run(self._moved(unit)) == [self._model.move(move) for move in unit]

    @invariant()
    def agree(self) -> None:
        self._run(self._compare())

    async def _moved(self, unit: list[Move]) -> list[object]:
        async def decide(work: UnitOfWork) -> list[object]:
            return [await self._decide(work, move) for move in unit]

        return await self._ledger.commit(decide)

    async def _decide(self, work: UnitOfWork, move: Move) -> object:
        besitos = self._ledger.besitos
        match move:
            case Award(reader, amount, key):
                return await besitos.award(
                    work, reader, amount, reason="reaction", source="rewards", key=key
                )
            case Spend(reader, amount, key):
                return await besitos.spend(
                    work, reader, amount, reason="purchase", source="shop", key=key
                )
            case Transfer(reader, recipient, amount, key):
                return await besitos.transfer(work, reader, recipient, amount, key=key)

    async def _compare(self) -> None:
        ledger, model = self._ledger, self._model
        for reader in READERS:
            found = await ledger.besitos.overview(reader)
            assert found.balance == model.balances.get(reader, 0)
            assert [each.amount for each in found.movements] == model.movements.get(reader, [])
            assert await ledger.besitos.earned(reader) == model.earned[reader]
            assert await ledger.moved(reader) == model.events[reader]
        accounts = {f"user:{reader}": balance for reader, balance in model.balances.items()}
        expected = Counter({**model.system, **accounts})
        assert Counter(await ledger.sums()) == expected
        assert await audit_ledger(ledger.database) == []


def run_machine(new_database: Callable[[], Database], *, count: int, steps: int) -> None:
    class Machine(LedgerMachine):
        def __init__(self) -> None:
            super().__init__(new_database)

    patient = settings(
        max_examples=examples(count),
        stateful_step_count=steps,
    )
    run_state_machine_as_test(Machine, settings=patient)


@pytest.mark.criterion("3.1.3")
def test_the_ledger_is_the_model_on_sqlite(migrated_sqlite: Path, tmp_path: Path) -> None:
    def new() -> Database:
        path = tmp_path / f"{uuid4().hex}.db"
        shutil.copy(migrated_sqlite, path)
        return SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)

    run_machine(new, count=30, steps=20)


@pytest.mark.criterion("3.1.3")
def test_the_ledger_is_the_model_on_postgres(postgres_server: PostgresServer) -> None:
    made: list[str] = []

    def new() -> Database:
        made.append(postgres_server.create_migrated())
        return PostgresDatabase(
            postgres_server.url_of(made[-1]), pool_size=2, timeout_ms=PATIENCE_MS
        )

    run_machine(new, count=5, steps=15)
    for name in made:
        postgres_server.drop(name)
