"""How long a call is tried, by its method; and what becomes of one that is tried no more."""

import json
from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramServerError
from aiogram.methods import AnswerCallbackQuery, GetMe
from sqlalchemy import update

from tests.sender.desk import Desk, texts_to
from tests.sender.recorder import Call, Recorder, Refusal
from tests.storage.dumps import rows_of
from tests.waiting import until
from yabot.bot.giving_up import GivenUp, Patience
from yabot.bot.methods import IN_ORDER, MANNERS, manner_of
from yabot.bot.unsent import Due
from yabot.clock import utc_now
from yabot.storage.relational.tables import audit_log, outbox, outgoing
from yabot.storage.relational.unit_of_work import Message

ERROR = TelegramServerError(GetMe(), "Internal Server Error")
AWAY = TelegramNetworkError(GetMe(), "no connection")
SECRET = "what Ana was told"


def due(method: str, age: timedelta = timedelta()) -> Due:
    return Due(1, Message(7, method, "{}"), "1", utc_now() - age)


def tries(patience: Patience, error: Exception, at_most: int) -> int:
    """How often the call is made before it is given up, with no pause between."""
    made = 0
    while made <= at_most:
        made += 1
        try:
            patience.require(error, 0)
        except GivenUp:
            break
    return made


@pytest.mark.parametrize("method", ["sendMessage", *MANNERS])
def test_errors_are_counted_and_silence_is_not(method: str) -> None:
    bound = manner_of(method).attempts
    assert tries(Patience(due(method)), ERROR, bound + 1) == bound
    assert tries(Patience(due(method)), AWAY, bound + 1) > bound


@pytest.mark.parametrize("method", ["sendMessage", *MANNERS])
def test_what_is_too_old_is_tried_once(method: str) -> None:
    assert tries(Patience(due(method, manner_of(method).age)), AWAY, 5) == 1


def test_money_is_tried_longest_and_a_press_least() -> None:
    press, refund = MANNERS["answerCallbackQuery"], MANNERS["refundStarPayment"]
    assert press.age < timedelta(minutes=5) < IN_ORDER.age < refund.age


async def test_what_is_given_up_blocks_its_chat_no_more(desk: Desk, recorder: Recorder) -> None:
    """It is marked, audited and told of, by its method only."""
    notice = desk.commits.followers.pop()
    await desk.hand_in(7, SECRET, "behind it")
    old = update(outgoing).values(created_at=utc_now() - 2 * IN_ORDER.age)
    await desk.database.write(lambda connection: connection.execute(old) and None)
    desk.commits.followers.append(notice)

    def never(call: Call) -> Refusal | None:
        return Refusal(500) if call.text == SECRET else None

    recorder.script = never
    await desk.sender.resume()
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["behind it"]
    assert await desk.states() == {SECRET: "failed", "behind it": "sent"}
    (audit,) = await rows_of(desk.database, audit_log)
    assert (audit["kind"], audit["user_id"]) == ("message_failed", "7")
    (event,) = await rows_of(desk.database, outbox)
    assert event["event_type"] == "message_failed"
    told = {"method": "sendMessage", "attempts": 1, "reason": "server_error"}
    assert json.loads(event["envelope"])["payload"] == told
    assert SECRET not in audit["details"] + event["envelope"]


async def test_nobody_hears_of_an_answer_that_came_too_late(desk: Desk, recorder: Recorder) -> None:
    notice = desk.commits.followers.pop()
    await desk.hand_in_calls(7, AnswerCallbackQuery(callback_query_id="1"))
    old = update(outgoing).values(created_at=utc_now() - timedelta(hours=1))
    await desk.database.write(lambda connection: connection.execute(old) and None)
    desk.commits.followers.append(notice)
    recorder.script = lambda _call: Refusal(500)
    await desk.sender.resume()
    await until(desk.all_marked)
    assert await rows_of(desk.database, outbox) == []
    (audit,) = await rows_of(desk.database, audit_log)
    assert audit["kind"] == "message_failed"
