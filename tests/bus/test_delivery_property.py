"""Whatever happens in whatever order, each event takes effect once, in its user's order, or is a
dead letter.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bus.looking import look
from tests.bus.process import Poked, Process, effects, letters, poking, settled, toy
from tests.storage.fixtures import PATIENCE_MS, redis_away
from tests.tiers import examples
from tests.waiting import PATIENCE, until
from yabot.bus.groups.positions import declare_groups
from yabot.errors import TerminalError
from yabot.events.envelope import Envelope
from yabot.events.partition import Entry
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.sqlite import SqliteDatabase
from yabot.subscriber import Event, Handler

CONSUMERS = ("one", "two")
# Seconds that handlers get in a stop that cannot wait.
HURRY = 0.01
Script = Literal["fine", "stumbles", "dawdles", "poison", "poison for two"]


@dataclass(frozen=True)
class Commit:
    """Events of one user, handled as their scripts say."""

    user: str
    scripts: tuple[Script, ...]


@dataclass(frozen=True)
class Feed:
    """Redis brings an event: a new or an old one, whatever it has left out before."""

    back: int


@dataclass(frozen=True)
class Look:
    """The group looks into the log."""


@dataclass(frozen=True)
class Turns:
    """Time goes by: so many turns of the loop."""

    number: int


@dataclass(frozen=True)
class Restart:
    """After a stop that waits for handlers, after one that cannot, or after a death."""

    after: Literal["stop", "hurry", "death"]
    looks: bool


Step = Commit | Feed | Look | Turns | Restart
scripts = st.sampled_from(["fine"] * 6 + ["stumbles", "dawdles", "poison", "poison for two"])
commitments = st.builds(
    Commit, st.sampled_from("789"), st.lists(scripts, min_size=1, max_size=3).map(tuple)
)
feeding = st.builds(Feed, st.integers(0, 5) | st.just(0))
steps = st.lists(
    st.one_of(
        commitments,
        commitments,
        feeding,
        feeding,
        feeding,
        st.just(Look()),
        st.builds(Turns, st.integers(0, 3) | st.integers(0, 60)),
        st.builds(Restart, st.sampled_from(["stop", "hurry", "death"]), st.booleans()),
    ),
    max_size=20,
)


@dataclass
class World:
    path: Path
    # The model: each user's words in the order of their commits.
    committed: dict[str, list[str]] = field(default_factory=dict)
    published: list[Entry] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    process: Process = field(init=False)

    async def begin(self, *, looks: bool) -> None:
        """No loop, no relay and no feed run: the steps stand for them."""
        database = SqliteDatabase(self.path, pool_size=2, timeout_ms=PATIENCE_MS)
        group = [toy(self._handler(name), name) for name in CONSUMERS]
        self.process = Process(database, redis_away(), {"test": group})
        await database.open()
        await database.write(declare_groups(["test"]))
        if looks:
            await look(self.process.groups["test"])

    def _handler(self, consumer: str) -> Handler[Poked]:
        async def handle(event: Event[Poked], work: UnitOfWork) -> None:
            word = event.payload.word
            self.calls[consumer, word] += 1
            if "stumbles" in word and self.calls[consumer, word] == 1:
                raise RuntimeError("once")
            if "dawdles" in word and self.calls[consumer, word] == 1:
                await asyncio.sleep(3 * HURRY)
            if is_poison(consumer, word):
                raise TerminalError("always")

        return handle

    async def take(self, step: Step) -> None:
        group = self.process.groups["test"]
        match step:
            case Commit(user, given_scripts):
                await self._commit(user, given_scripts)
            case Feed(back) if back < len(self.published):
                entry = self.published[-1 - back]
                group.offer(entry.partition, [entry])
            case Look():
                await look(group)
            case Turns(number):
                for _ in range(number):
                    await asyncio.sleep(0)
            case Restart(after, looks):
                await self.end(after)
                await self.begin(looks=looks)

    async def _commit(self, user: str, given_scripts: Sequence[Script]) -> None:
        words = self.committed.setdefault(user, [])
        new = [f"{len(words) + n}: {script}" for n, script in enumerate(given_scripts)]
        words += new
        self.published += (await self.process.commits.commit(poking(user, *new))).events

    async def end(self, after: Literal["stop", "hurry", "death"]) -> None:
        if after == "death":
            await self.process.database.close()
        await self.process.groups["test"].stop(
            {"stop": PATIENCE, "hurry": HURRY, "death": 0}[after]
        )
        await self.process.database.close()

    async def finish(self) -> None:
        """All that is committed is dealt with, from the log if need be."""
        group = self.process.groups["test"]

        async def all_done() -> bool:
            await look(group)
            return await settled(self.process.database)

        await until(all_done)

    async def assert_each_took_effect_once(self) -> None:
        rows = await letters(self.process.database)
        assert {row["state"] for row in rows} <= {"dead"}
        dead = {(row["consumer"], row["user_id"], word_of(row["envelope"])) for row in rows}
        for consumer in CONSUMERS:
            done = await effects(self.process.database, consumer)
            for user, words in self.committed.items():
                lost = {word for who, whose, word in dead if (who, whose) == (consumer, user)}
                assert done.get(user, []) == [word for word in words if word not in lost]
                assert lost == {word for word in words if is_poison(consumer, word)}


def word_of(envelope: str) -> str:
    return str(Envelope.model_validate_json(envelope).payload["word"])


def is_poison(consumer: str, word: str) -> bool:
    return word.endswith("poison") or ("poison for" in word and consumer == "two")


@asynccontextmanager
async def world(migrated: Path) -> AsyncIterator[World]:
    path = migrated.with_name(f"{uuid4().hex}.db")
    shutil.copy(migrated, path)
    made = World(path)
    await made.begin(looks=True)
    try:
        yield made
    finally:
        await made.end("stop")
        path.unlink()


@pytest.mark.standard
@pytest.mark.criterion("2.3.1", "2.3.2", "rel.3")
@settings(max_examples=examples(50))
@given(steps=steps)
def test_each_event_takes_effect_once_in_order_or_is_a_dead_letter(
    migrated_sqlite: Path, steps: Sequence[Step]
) -> None:
    async def live() -> None:
        async with world(migrated_sqlite) as lived:
            for step in steps:
                await lived.take(step)
            await lived.finish()
            await lived.assert_each_took_effect_once()

    asyncio.run(live())
