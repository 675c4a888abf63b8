"""The queue of updates against a plain model: offsets, limits and arrivals in any order."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from yabot.playground.store import bot, people, updates
from yabot.playground.store.database import Database, Transaction

ARRIVE, TAKE = "arrive", "take"
steps = st.lists(
    st.one_of(
        st.tuples(st.just(ARRIVE), st.just(0), st.just(0)),
        st.tuples(st.just(TAKE), st.integers(-4, 14), st.integers(1, 4)),
    ),
    max_size=25,
)


class Model:
    """What Telegram promises, without a database; ids count from zero."""

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.next_id = 0

    def arrive(self) -> None:
        self.waiting.append(self.next_id)
        self.next_id += 1

    def take(self, offset: int, limit: int) -> list[int]:
        if offset < 0:
            self.waiting = self.waiting[offset:]
        elif offset <= self.next_id + updates.FURTHEST_AHEAD:
            self.waiting = [update_id for update_id in self.waiting if update_id >= offset]
        return self.waiting[:limit]


@settings(max_examples=examples(40))
@given(steps)
def test_the_queue_behaves_like_the_model(plan: list[tuple[str, int, int]]) -> None:
    asyncio.run(compare(plan))


async def compare(plan: list[tuple[str, int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "queue.db", lambda committed: None)
        await database.open()
        await database.run(bot.create)
        user_id = await database.run(lambda tx: people.add_user(tx, "Alma", None, None, "es"))
        first_id = await database.run(next_id)
        model = Model()
        for kind, offset, limit in plan:
            if kind == ARRIVE:
                model.arrive()
                await database.run(message_to(user_id))
                continue
            asked = first_id + offset if offset > 0 else offset
            taken = await database.run(taking(asked, limit))
            assert [update - first_id for update in taken] == model.take(offset, limit)
        await database.close()


def message_to(user_id: int) -> Callable[[Transaction], None]:
    chat = {"id": user_id, "type": "private", "first_name": "Alma"}
    body: dict[str, Any] = {"message_id": 1, "date": 1, "chat": chat, "text": "hello"}
    return lambda tx: updates.add(tx, "message", body)


def taking(offset: int, limit: int) -> Callable[[Transaction], list[int]]:
    return lambda tx: [update["update_id"] for update in updates.take(tx, offset, limit)]


def next_id(tx: Transaction) -> int:
    (row,) = tx.rows("SELECT seq FROM sqlite_sequence WHERE name = 'updates'")
    return int(row["seq"]) + 1
