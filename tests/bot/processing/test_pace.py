"""Whoever sends too much hears it once, and costs nobody else anything."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.bot.processing.bench import Bench, at_the_bench, written
from tests.bot.processing.payments import incoming, paid
from tests.bot.sender.desk import texts_to
from tests.bot.sender.recorder import Recorder, Refusal
from tests.storage.dumps import rows_of
from tests.waiting import PATIENCE
from yabot.bot.incoming import Incoming
from yabot.bot.pace import Pace
from yabot.bot.processing import SHARE
from yabot.bot.send_backlog import BACKLOG
from yabot.bot.tables import updates
from yabot.log.tables import BLANK, outgoing
from yabot.storage.relational.database import Database

ANA, BLAS = 7, 8
AT_ONCE = 4
SLOW_DOWN = "Pasas las páginas más deprisa de lo que sé leer."


def pressed(update_id: int, user_id: int) -> Incoming:
    someone = {"id": user_id, "is_bot": False, "first_name": "Ana"}
    chat = {"id": user_id, "type": "private"}
    message = {"message_id": 1, "date": 0, "chat": chat, "text": "a page"}
    query = {"id": str(update_id), "from": someone, "chat_instance": "1", "data": "story"}
    return incoming(update_id, callback_query={**query, "message": message})


def flood(first: int, number: int) -> Iterable[Incoming]:
    return (written(n, ANA, str(n)) for n in range(first, first + number))


async def handled(bench: Bench, *received: Incoming) -> None:
    await bench.receive(*received)
    assert await bench.processor.lanes.drain(PATIENCE)
    assert await bench.sender.lanes.drain(PATIENCE)
    await bench.database.flush()


class Verdicts:
    def __init__(self) -> None:
        self.now = 0.0
        self._pace = Pace(AT_ONCE, 60, lambda: self.now)

    def of(self, number: int, kind: Any = written) -> list[str]:
        updates = [kind(n, ANA, "x") if kind is written else kind(n, ANA) for n in range(number)]
        return [self._pace.judge(each).name for each in updates]


@pytest.fixture
def verdicts() -> Verdicts:
    return Verdicts()


def test_a_burst_is_handled_then_one_is_told_and_the_others_are_not(verdicts: Verdicts) -> None:
    assert verdicts.of(AT_ONCE + 3) == ["HANDLE"] * AT_ONCE + ["SLOW_DOWN", "SILENCE", "SILENCE"]


def test_the_bucket_fills_again_in_time(verdicts: Verdicts) -> None:
    verdicts.of(AT_ONCE + 1)
    verdicts.now += 1
    assert verdicts.of(2) == ["HANDLE", "SILENCE"]
    verdicts.now += 60
    assert verdicts.of(AT_ONCE + 1) == ["HANDLE"] * AT_ONCE + ["SLOW_DOWN"]


def test_payments_need_no_token(verdicts: Verdicts) -> None:
    verdicts.of(AT_ONCE)
    assert verdicts.of(3, paid) == ["HANDLE"] * 3


async def test_a_flood_is_kept_and_finished_and_answered_once(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True, at_once=AT_ONCE) as bench:
        await bench.look()
        await handled(bench, *flood(1, 20), written(21, BLAS, "and I?"))
        noted = await bench.noted()
        rows = await rows_of(sqlite_database, updates)
        sent = await rows_of(sqlite_database, outgoing)
        await bench.finish()
    assert noted == {"7": ["1", "2", "3", "4"], "8": ["and I?"]}
    assert texts_to(recorder, BLAS) == ["and I?"]
    *answers, last = texts_to(recorder, ANA)
    assert answers == ["1", "2", "3", "4"]
    assert last.startswith(SLOW_DOWN)
    assert len([call for call in recorder.taken if call.chat_id == ANA]) == AT_ONCE + 1
    assert [row["state"] for row in rows] == ["done"] * 21
    # What was handled or sent is not kept.
    assert {row["payload"] for row in (*rows, *sent)} == {BLANK}


async def test_what_one_reader_has_waiting_leaves_room_for_others(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        await bench.receive(written(1, ANA, "slow"), *flood(2, 2 * SHARE), written(500, BLAS, "I"))
        lanes = bench.processor.lanes
        assert (lanes.crowd, lanes.waiting) == (SHARE + 1, 2 * SHARE + 2)


async def test_no_press_is_left_waiting(sqlite_database: Database, recorder: Recorder) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True, at_once=AT_ONCE) as bench:
        await bench.look()
        await handled(bench, *flood(1, AT_ONCE), *(pressed(n, ANA) for n in range(5, 9)))
        await bench.finish()
    answers = [call for call in recorder.taken if call.method == "answerCallbackQuery"]
    assert len(answers) == 4
    assert sum(call.text.startswith(SLOW_DOWN) for call in answers) == 1


async def test_nothing_is_added_behind_a_long_queue(
    sqlite_database: Database, recorder: Recorder
) -> None:
    """Telegram takes nothing: what waits for a chat stays bounded all the same."""
    recorder.script = lambda _call: Refusal(500)
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await bench.look()
        await bench.receive(*flood(1, 3 * BACKLOG.owed_to_a_chat))
        assert await bench.processor.lanes.drain(PATIENCE)
        waiting = [row["state"] for row in await rows_of(sqlite_database, outgoing)]
        assert waiting == ["waiting"] * (BACKLOG.owed_to_a_chat + 1)
        assert bench.sender.lanes.waiting <= BACKLOG.of_a_chat
