"""Whom a message waits for: those of its chat, and nobody else; and how many are held."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiogram.methods import AnswerCallbackQuery, RefundStarPayment
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.sender.desk import Desk, at_the_desk, texts_to
from tests.bot.sender.recorder import Call, Recorder, Refusal, recording
from tests.storage.fixtures import fresh_copy
from tests.storage.meanwhile import Meanwhile
from tests.tiers import examples
from tests.waiting import PATIENCE, until
from yabot.bot.send_backlog import BacklogBounds
from yabot.bot.unsent import Portion
from yabot.log.commit_log import Committed
from yabot.storage.relational.database import Database

# A refund is no message of a chat.
NO_CHAT = 0
SMALL = BacklogBounds(held=6, of_a_chat=2)


@pytest.fixture
async def small_desk(sqlite_database: Database, recorder: Recorder) -> AsyncIterator[Desk]:
    async with at_the_desk(sqlite_database, recorder, None, SMALL) as desk:
        yield desk


def no_messages(call: Call) -> Refusal | None:
    return Refusal(500) if call.method == "sendMessage" else None


async def test_the_answer_to_a_press_waits_behind_no_reply(desk: Desk, recorder: Recorder) -> None:
    recorder.script = no_messages
    await desk.hand_in(7, *(f"{n}" for n in range(40)))
    await desk.hand_in_calls(7, AnswerCallbackQuery(callback_query_id="1"))
    await recorder.until(lambda: bool(recorder.parameters.get("answerCallbackQuery")))
    assert {call.text for call in recorder.calls if call.method == "sendMessage"} == {"0"}


async def test_a_refund_waits_for_no_other(desk: Desk, recorder: Recorder) -> None:
    def first_never(call: Call) -> Refusal | None:
        first = recorder.parameters[call.method]["telegram_payment_charge_id"] == "first"
        return Refusal(500) if first else None

    recorder.script = first_never
    charges = [
        RefundStarPayment(user_id=7, telegram_payment_charge_id=charge)
        for charge in ("first", "second", "third")
    ]
    await desk.hand_in_calls(NO_CHAT, *charges)
    await recorder.until(lambda: len(recorder.taken) == 2)


async def test_of_a_backlog_only_so_much_is_held(small_desk: Desk, recorder: Recorder) -> None:
    """One chat, or many: the rest waits in SQL, and comes in its order."""
    recorder.script = no_messages
    small_desk.sender.loop.start()
    texts = [f"{n}" for n in range(30)]
    await small_desk.hand_in(7, *texts)
    assert small_desk.sender.lanes.waiting == SMALL.of_a_chat
    for chat_id in range(100, 120):
        await small_desk.hand_in(chat_id, "hello")
    assert small_desk.sender.lanes.waiting == SMALL.held
    # A press gets through even so.
    await small_desk.hand_in_calls(7, AnswerCallbackQuery(callback_query_id="1"))
    await recorder.until(lambda: bool(recorder.taken))
    recorder.script = lambda _call: None
    await until(small_desk.all_marked)
    assert [text for text in texts_to(recorder, 7) if text] == texts
    assert len([call for call in recorder.taken if call.text == "hello"]) == 20


async def test_a_start_loads_in_portions(small_desk: Desk, recorder: Recorder) -> None:
    notice = small_desk.commits.followers.pop()
    texts = [f"{n}" for n in range(10)]
    for chat_id in (7, 8, 9, 10):
        await small_desk.hand_in(chat_id, *texts)
    small_desk.commits.followers.append(notice)
    recorder.script = no_messages
    await small_desk.sender.resume()
    assert small_desk.sender.lanes.waiting == SMALL.held
    # What comes now stands behind what is not loaded yet.
    await small_desk.hand_in(10, "new")
    recorder.script = lambda _call: None
    small_desk.sender.loop.start()
    await until(small_desk.all_marked)
    for chat_id in (7, 8, 9):
        assert texts_to(recorder, chat_id) == texts
    assert texts_to(recorder, 10) == [*texts, "new"]
    assert len([call for call in recorder.taken if call.method == "sendMessage"]) == 41


async def test_two_looks_side_by_side_send_nothing_twice(
    sqlite_database: Database, recorder: Recorder
) -> None:
    """One is slow, and finds a message that waits; by its end it is sent, and another one has been,
    for the partitions that come from another process."""
    meanwhile, untold = Meanwhile(sqlite_database), list[Committed]()
    other: list[asyncio.Task[Portion]] = []
    async with at_the_desk(meanwhile, recorder, None) as desk:
        desk.commits.followers[:] = [untold.append]
        await desk.hand_in(7, "once")

        async def send_and_look() -> None:
            desk.sender.notice(untold[0])
            await until(desk.all_marked)
            reads = meanwhile.reads
            other.append(asyncio.create_task(desk.sender.find([])))
            await asyncio.sleep(0)
            # It has begun at once, or waits for the slow one.
            if meanwhile.reads > reads:
                await other[0]

        meanwhile.arm(send_and_look)
        await desk.sender.resume()
        assert meanwhile.has_happened
        await other[0]
        await desk.sender.lanes.drain(PATIENCE)
    assert [call.text for call in recorder.taken] == ["once"]


commits = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.booleans()), max_size=12)


@given(commits=commits, troubles=st.lists(st.booleans(), max_size=8))
@settings(max_examples=examples(15))
async def test_whatever_is_left_in_sql_keeps_its_place(
    migrated_sqlite: Path, commits: list[tuple[int, int, bool]], troubles: list[bool]
) -> None:
    """Of a chat, so many messages a commit, and whether the sender looks into SQL just then."""
    expected: dict[int, list[str]] = {}
    coming = iter(troubles)
    async with fresh_copy(migrated_sqlite) as database, recording() as recorder:
        recorder.script = lambda _call: Refusal(500) if next(coming, False) else None
        async with at_the_desk(database, recorder, None, SMALL) as desk:
            desk.sender.loop.start()
            for number, (chat_id, messages, looks) in enumerate(commits):
                texts = [f"{number}.{n}" for n in range(messages)]
                expected.setdefault(chat_id, []).extend(texts)
                await desk.hand_in(chat_id, *texts)
                if looks:
                    desk.sender.loop.wake()
                assert desk.sender.lanes.waiting <= SMALL.held
            await until(desk.all_marked)
    for chat_id, texts in expected.items():
        assert [call.text for call in recorder.taken if call.chat_id == chat_id] == texts
