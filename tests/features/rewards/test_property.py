"""Whatever happens in whatever order, and however often it is told, readers have what is due."""

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
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.features.rewards.house import STORY, House, open_house
from tests.storage.fixtures import PATIENCE_MS
from tests.storage.schema import COLLECTIONS
from tests.tiers import examples
from yabot.bus.dead_letters.failures import Case
from yabot.bus.groups.delivery import Delivery
from yabot.features.besitos.audit import audit_ledger
from yabot.features.narrative.library import Library
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.storage.relational.sqlite import SqliteDatabase

T = TypeVar("T")

READERS = ("1", "2")
PRICES = {name: page.metadata.reactions for name, page in STORY.fragments.items()}
THRESHOLDS = sorted((hint.earned, hint.id) for hint in STORY.hints.values() if hint.earned)
readers = st.sampled_from(READERS)
PRICED = [(page, emoji) for page, prices in PRICES.items() for emoji in prices]
FREE = [("porch", "custom"), ("hall", "❤"), ("cellar", "❤")]
reactions = st.tuples(readers, st.sampled_from([*PRICED, *PRICED, *FREE]))


@dataclass
class Happened:
    """An event that the rewards listen to; ``page`` is None for an award."""

    reader: str
    page: str | None = None
    emoji: str = ""
    had_effect: bool = False


@dataclass
class Model:
    """What is due, in memory."""

    log: list[Happened] = field(default_factory=list)
    # How many of them have been handled.
    handled: int = 0
    keys: set[tuple[str, str]] = field(default_factory=set)
    balances: dict[str, int] = field(default_factory=dict)
    earned: Counter[str] = field(default_factory=Counter)
    hints: dict[str, list[str]] = field(default_factory=dict)
    told: dict[str, list[str]] = field(default_factory=lambda: {each: [] for each in READERS})
    messages: Counter[str] = field(default_factory=Counter)

    def join(self, reader: str) -> None:
        self.balances[reader], self.hints[reader] = 0, []

    def leave(self, reader: str) -> None:
        del self.balances[reader], self.hints[reader], self.earned[reader]
        # What has not been sent yet says nothing any more.
        del self.messages[reader]

    def award(self, reader: str, amount: int) -> None:
        if reader in self.balances:
            self.balances[reader] += amount
            self.earned[reader] += amount
            self.log.append(Happened(reader))
            self.told[reader].append("besitos_awarded")

    def work(self) -> None:
        while self.handled < len(self.log):
            self.handled += 1
            self.handle(self.log[self.handled - 1])

    def handle(self, event: Happened) -> None:
        """What has had an effect never has another; what had none may have one now."""
        if not event.had_effect and event.reader in self.balances:
            event.had_effect = self._pay(event) if event.page else self._unlock(event.reader)

    def of(self, reader: str) -> list[Happened]:
        return [event for event in self.log if event.reader == reader]

    def _pay(self, event: Happened) -> bool:
        price = PRICES.get(event.page or "", {}).get(event.emoji)
        key = (event.reader, event.page or "")
        if price is None or key in self.keys:
            return False
        self.keys.add(key)
        self.messages[event.reader] += self.earned[event.reader] == 0
        self.award(event.reader, price)
        return True

    def _unlock(self, reader: str) -> bool:
        has = self.hints[reader]
        due = [hint for cost, hint in THRESHOLDS if cost <= self.earned[reader]]
        new = [hint for hint in due if hint not in has]
        has += new
        self.told[reader] += ["narrative_hint_unlocked"] * len(new)
        self.messages[reader] += len(new)
        return bool(new)


class RewardsMachine(RuleBasedStateMachine):
    """Each step on the real rewards and on the model, which must agree afterwards."""

    def __init__(self, open_stores: Callable[[], tuple[Database, DocumentStore]]) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._model = Model()
        self._house = self._run(self._open(open_stores))
        for reader in READERS:
            self.come_or_go(reader)

    async def _open(self, open_stores: Callable[[], tuple[Database, DocumentStore]]) -> House:
        database, documents = open_stores()
        await database.open()
        self._stack.push_async_callback(documents.close)
        self._stack.push_async_callback(database.close)
        return await open_house(database, documents)

    def _run(self, step: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(step)

    def teardown(self) -> None:
        self._run(self._stack.aclose())
        self._runner.close()

    @rule(reader=readers)
    def come_or_go(self, reader: str) -> None:
        if reader in self._model.balances:
            self._run(self._house.leave(reader))
            self._model.leave(reader)
        else:
            self._run(self._house.join(reader))
            self._model.join(reader)

    @rule(given=st.lists(reactions, min_size=1, max_size=4), then_work=st.booleans())
    def react(self, given: list[tuple[str, tuple[str, str]]], then_work: bool) -> None:
        for reader, (page, emoji) in given:
            self._run(self._house.react(reader, page, emoji))
            self._model.log.append(Happened(reader, page, emoji))
        if then_work:
            self.work()

    @rule(reader=readers, amount=st.integers(1, 5))
    def earn_elsewhere(self, reader: str, amount: int) -> None:
        self._run(self._house.award(reader, amount))
        self._model.award(reader, amount)

    @rule(reader=readers)
    def spend_all(self, reader: str) -> None:
        if balance := self._model.balances.get(reader):
            self._run(self._spend(reader, balance))
            self._model.balances[reader] = 0

    @rule()
    def work(self) -> None:
        self._run(self._house.work())
        self._model.work()

    @rule()
    def start_again_behind(self) -> None:
        """As after a kill: what has been handled comes once more."""
        self._run(self._house.rewind())
        self._model.handled = 0
        self.work()

    @rule(reader=readers, number=st.integers(0, 30))
    def deliver_one_again(self, reader: str, number: int) -> None:
        """Or for the first time, before its turn."""
        if events := self._model.of(reader):
            number %= len(events)
            self._run(self._deliver(reader, number))
            self._model.handle(events[number])

    @invariant()
    def agree(self) -> None:
        self._run(self._compare())

    async def _spend(self, reader: str, amount: int) -> None:
        async def buy(work: UnitOfWork) -> None:
            await self._house.besitos.spend(
                work, reader, amount, reason="purchase", source="shop", key=f"shop:{uuid4()}"
            )

        await self._house.world.decide(f"shop {uuid4()}", buy)

    async def _deliver(self, reader: str, number: int) -> None:
        events = await self._house.events(reader)
        by_type = {each.event.event_type: each for each in self._house.subscribers}
        heard = [event for event in events if event.event_type in by_type]
        case = Case(by_type[heard[number].event_type], "rewards", 0, heard[number])
        await Delivery(self._house.world.services.commits, lambda _dead: None).deliver(case)

    async def _compare(self) -> None:
        house, model = self._house, self._model
        for reader in READERS:
            assert await house.besitos.balance(reader) == model.balances.get(reader, 0)
            assert await house.besitos.earned(reader) == model.earned[reader]
            assert await house.told(reader) == model.told[reader]
            assert len(await house.said(reader)) == model.messages[reader]
            if reader in model.hints:
                assert await house.hints(reader) == model.hints[reader]
        assert await audit_ledger(house.database) == []


async def _tell_the_story(uri: str, name: str) -> None:
    documents = _documents(uri, name)
    await documents.ensure(COLLECTIONS)
    await Library(documents).replace(STORY)
    await documents.close()


def _documents(uri: str, name: str) -> DocumentStore:
    return DocumentStore(uri, name, max_pool_size=2, timeout_ms=PATIENCE_MS)


@pytest.mark.slow
@pytest.mark.criterion("2.2.1", "3.1.3", "3.2.2", "3.2.3")
def test_the_rewards_are_the_model(
    migrated_sqlite: Path, tmp_path: Path, mongodb_uri: str, mongo_database: str
) -> None:
    asyncio.run(_tell_the_story(mongodb_uri, mongo_database))

    def open_stores() -> tuple[Database, DocumentStore]:
        path = tmp_path / f"{uuid4().hex}.db"
        shutil.copy(migrated_sqlite, path)
        database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
        return database, _documents(mongodb_uri, mongo_database)

    class Machine(RewardsMachine):
        def __init__(self) -> None:
            super().__init__(open_stores)

    patient = settings(
        max_examples=examples(20),
        stateful_step_count=30,
    )
    run_state_machine_as_test(Machine, settings=patient)
