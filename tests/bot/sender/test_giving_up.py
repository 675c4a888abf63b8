"""How long a call is tried, by its method; and what becomes of one that is tried no more."""

import json
from datetime import timedelta

import pytest
from aiogram.exceptions import TelegramNetworkError, TelegramServerError
from aiogram.methods import AnswerCallbackQuery, GetMe
from sqlalchemy import update

from tests.bot.sender.desk import Desk, at_the_desk, texts_to
from tests.bot.sender.recorder import Call, Recorder, Refusal
from tests.coordinator.shop import Hands
from tests.log.units import unit
from tests.storage.dumps import rows_of
from tests.waiting import until
from yabot.bot.failure_scope import FailureScope
from yabot.bot.message import message
from yabot.bot.methods import IN_ORDER, POLICIES, SINGLED_OUT, policy_of
from yabot.bot.retries import CallRetries, GivenUp
from yabot.bot.unsent import Due
from yabot.clock import utc_now
from yabot.log.tables import audit_log, outbox, outgoing
from yabot.log.unit_of_work import Message
from yabot.runtime.backoff import backoff
from yabot.trusted_clock import TrustedClock

ERROR = TelegramServerError(GetMe(), "Internal Server Error")
AWAY = TelegramNetworkError(GetMe(), "no connection")
SECRET = "what Ana was told"


def due(method: str, age: timedelta = timedelta()) -> Due:
    return Due(1, Message(7, method, "{}"), "1", utc_now() - age)


def tries(retries: CallRetries, *, errors: bool, at_most: int, singled_out: bool = False) -> int:
    """How often the call is made before it is given up, with no pause between."""
    made = 0
    while made <= at_most:
        made += 1
        if errors:
            retries.count_error(singled_out=singled_out)
        try:
            retries.require(ERROR if errors else AWAY, 0)
        except GivenUp:
            break
    return made


@pytest.mark.parametrize("method", ["sendMessage", *POLICIES])
def test_errors_are_counted_and_silence_is_not(method: str) -> None:
    bound = policy_of(method).errors
    assert tries(CallRetries(due(method), TrustedClock()), errors=True, at_most=bound + 1) == bound
    assert tries(CallRetries(due(method), TrustedClock()), errors=False, at_most=bound + 1) > bound


@pytest.mark.parametrize("method", ["sendMessage", *POLICIES])
def test_what_holds_others_up_is_given_up_soon_when_it_alone_fails(method: str) -> None:
    policy = policy_of(method)
    made = tries(
        CallRetries(due(method), TrustedClock()),
        errors=True,
        at_most=policy.errors,
        singled_out=True,
    )
    assert made == (policy.errors if policy.alone else policy.errors / SINGLED_OUT)


def test_the_longest_pauses_add_up_to_minutes_for_one_and_to_an_hour_for_all() -> None:
    pauses = backoff(first=0.2, most=30.0)
    first = [next(pauses) for _ in range(IN_ORDER.errors)]
    alone = timedelta(seconds=sum(first[: IN_ORDER.errors // SINGLED_OUT]))
    assert timedelta(minutes=1) < alone < timedelta(minutes=4)
    assert timedelta(minutes=40) < timedelta(seconds=sum(first)) < timedelta(minutes=80)


@pytest.mark.parametrize("method", ["sendMessage", *POLICIES])
def test_what_is_too_old_is_tried_once(method: str) -> None:
    assert (
        tries(
            CallRetries(due(method, policy_of(method).age), TrustedClock()), errors=False, at_most=5
        )
        == 1
    )


def test_nothing_is_too_old_by_a_clock_that_has_jumped() -> None:
    hands = Hands()
    retries = CallRetries(due("sendMessage"), hands.clock())
    hands.set_by = timedelta(days=400)
    assert tries(retries, errors=False, at_most=5) > 5
    hands.set_by = timedelta()
    hands.pass_time(days=400)
    assert tries(retries, errors=False, at_most=5) == 1


def test_a_call_is_singled_out_where_others_pass_or_no_other_fails() -> None:
    scope = FailureScope()
    with scope.of("sendMessage") as one, scope.of("sendMessage") as other:
        assert one.failed()
        assert not other.failed()
        assert not one.failed()
        with scope.of("sendPhoto") as photo:
            photo.succeeded()
        assert not one.failed()
        with scope.of("sendMessage") as third:
            third.succeeded()
        assert one.failed()
        assert not one.failed()
    with scope.of("sendMessage") as one:
        assert one.failed()


def test_money_is_tried_longest_and_a_press_least() -> None:
    press, refund = POLICIES["answerCallbackQuery"], POLICIES["refundStarPayment"]
    assert press.age < timedelta(minutes=5) < IN_ORDER.age < refund.age


async def errors_of(desk: Desk) -> int:
    return sum(row["errors"] or 0 for row in await rows_of(desk.database, outgoing))


async def test_errors_are_counted_on_by_the_next_process(desk: Desk, recorder: Recorder) -> None:
    recorder.script = lambda call: Refusal(500) if call.text else None
    await desk.hand_in(7, "one")

    async def are_two() -> bool:
        return await errors_of(desk) >= 2 * SINGLED_OUT

    await until(are_two)
    await desk.sender.lanes.cancel()
    await desk.database.flush()
    await desk.set_errors(IN_ORDER.errors - SINGLED_OUT)
    recorder.calls.clear()
    async with at_the_desk(desk.database, recorder, limits=None) as next_desk:
        await next_desk.sender.resume()
        await until(next_desk.all_marked)
    assert len([call for call in recorder.calls if call.text]) == 1
    assert await desk.states() == {"one": "failed"}


async def test_errors_of_a_telegram_that_is_away_do_not_count(
    desk: Desk, recorder: Recorder
) -> None:
    """Whatever stands in for it answers the question whether it is there in the same way."""
    recorder.script = lambda _call: Refusal(502, "Bad Gateway")
    await desk.hand_in(7, "one")
    await recorder.until(lambda: len([call for call in recorder.calls if call.text]) >= 3)
    assert await errors_of(desk) == 0
    recorder.script = lambda _call: None
    await until(desk.all_marked)
    assert await desk.states() == {"one": "sent"}


async def test_a_page_that_is_given_up_comes_in_another_form(
    desk: Desk, recorder: Recorder
) -> None:
    """What is in it may be what Telegram fails on."""
    recorder.script = lambda call: Refusal(500) if "<b>" in call.text else None
    notice = desk.commits.followers.pop()
    work = unit("page")
    work.send(message(7, "<b>Page</b>", content_id="gate"))
    await desk.commits.commit(work)
    await desk.set_errors(IN_ORDER.errors - 1)
    desk.commits.followers.append(notice)
    await desk.sender.resume()
    await until(desk.all_marked)
    assert [page.reason for page in desk.refused] == ["errors"]
    assert texts_to(recorder, 7) == ["Page"]


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
