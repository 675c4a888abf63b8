"""Whatever services ask for in whatever order, each key moves besitos once and none are lost."""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.client import ApiClient, served
from tests.features.harness import Harness
from tests.storage.fixtures import PATIENCE_MS, mongodb_away
from tests.tiers import examples
from yabot.app.features import FEATURES
from yabot.features.besitos.audit import audit_ledger
from yabot.storage.relational.sqlite import SqliteDatabase

# Against a model, step by step.
pytestmark = pytest.mark.slow

WHO = range(3)
# The last of them.
NOBODY = 2
OK, UNKNOWN, POOR, SELF, REUSED = 200, 404, 409, 409, 422


@dataclass(frozen=True)
class Asked:
    """``other`` is who receives a transfer."""

    kind: str
    reader: int
    other: int
    amount: int
    key: str


asked = st.builds(
    Asked,
    st.sampled_from(["transfer", "award", "spend"]),
    st.sampled_from(WHO),
    st.sampled_from(WHO),
    st.integers(1, 4),
    # Few, so that some come again, with the same request or another.
    st.sampled_from([f"key-{number}" for number in range(30)]),
)


# So that there is something to give.
BEGINNING = [Asked("award", reader, reader, 9, f"first-{reader}") for reader in range(NOBODY)]


@dataclass
class Model:
    balances: Counter[int] = field(default_factory=Counter)
    answered: dict[str, tuple[Asked, int]] = field(default_factory=dict)

    def ask(self, asked: Asked) -> int:
        """The status that it must have."""
        before = self.answered.get(asked.key)
        if before is not None:
            return before[1] if _request(before[0]) == _request(asked) else REUSED
        status = self._move(asked)
        self.answered[asked.key] = (asked, status)
        return status

    def _move(self, asked: Asked) -> int:
        if asked.kind == "transfer" and asked.reader == asked.other:
            return SELF
        if asked.reader == NOBODY:
            return UNKNOWN
        if asked.kind == "award":
            self.balances[asked.reader] += asked.amount
            return OK
        if self.balances[asked.reader] < asked.amount:
            return POOR
        if asked.kind == "transfer" and asked.other == NOBODY:
            return UNKNOWN
        self.balances[asked.reader] -= asked.amount
        if asked.kind == "transfer":
            self.balances[asked.other] += asked.amount
        return OK


def _request(asked: Asked) -> tuple[object, ...]:
    """What makes it the same: a spending knows no other reader."""
    other = asked.other if asked.kind == "transfer" else None
    return asked.kind, asked.reader, other, asked.amount


async def _ask(api: ApiClient, ids: list[str], asked: Asked) -> int:
    if asked.kind == "transfer":
        body: Any = {"from": ids[asked.reader], "to": ids[asked.other], "amount": asked.amount}
        return (await api.post("/besitos/transfers", body, asked.key)).status
    path = f"/user/{ids[asked.reader]}/besitos/{asked.kind}"
    return (await api.post(path, {"amount": asked.amount, "reason": "play"}, asked.key)).status


async def _play(path: Path, steps: list[Asked]) -> None:
    database, model = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS), Model()
    await database.open()
    try:
        async with mongodb_away() as store:
            harness = await Harness.open(FEATURES, database, store)
            async with served(harness.services, harness.features) as api:
                ids = [(await harness.join()).user_id for _ in range(NOBODY)] + ["4242"]
                for step in [*BEGINNING, *steps]:
                    assert await _ask(api, ids, step) == model.ask(step)
                for reader in range(NOBODY):
                    found = await api.get(f"/user/{ids[reader]}/besitos")
                    assert found.body["balance"] == model.balances[reader]
                assert await audit_ledger(database) == []
    finally:
        await database.close()


def test_the_ledger_is_what_was_asked_for(migrated_sqlite: Path, tmp_path: Path) -> None:
    @settings(max_examples=examples(10))
    @given(st.lists(asked, min_size=20, max_size=30))
    def play(steps: list[Asked]) -> None:
        path = tmp_path / f"{uuid4().hex}.db"
        shutil.copy(migrated_sqlite, path)
        asyncio.run(_play(path, steps))

    play()
