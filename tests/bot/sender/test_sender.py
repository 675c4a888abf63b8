"""What Telegram may answer, and what then becomes of a message and of those behind it."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from aiogram.methods import EditMessageReplyMarkup, RefundStarPayment, TelegramMethod
from sqlalchemy import update
from structlog.testing import capture_logs

from tests.bot.sender.desk import Desk, texts_to
from tests.bot.sender.recorder import DROPPED, Call, Recorder, Refusal
from tests.log.units import unit
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import until
from yabot.bot.measure import units
from yabot.bot.message import message
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.events.intake import MessageUncertain
from yabot.log.commit_log import Committed
from yabot.log.tables import audit_log, outbox, outgoing
from yabot.log.unit_of_work import Message
from yabot.observability.metrics import SENDS

BROKEN = Refusal(400, "Bad Request: can't parse entities: Text contains invalid Unicode")
TOO_LONG = Refusal(400, "Bad Request: message is too long")


def count_of(outcome: str) -> float:
    value: float = SENDS.labels(outcome)._value.get()
    return value


def sends(recorder: Recorder) -> list[Call]:
    """Without the questions whether Telegram answers."""
    return [call for call in recorder.calls if call.method == "sendMessage"]


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(500),
        Refusal(502, "Bad Gateway"),
        Refusal(401, "Unauthorized"),
        Refusal(404, "Not Found"),
        Refusal(400, "Logged out"),
        Refusal(421, "Misdirected Request: unallowed token specified"),
        DROPPED,
    ],
    ids=["500", "502", "401", "404", "logged out", "421", "dropped"],
)
async def test_what_may_pass_is_tried_again_ever_more_rarely(
    desk: Desk, recorder: Recorder, refusal: Refusal
) -> None:
    delayed, sent = count_of("delayed"), count_of("sent")
    left = [refusal] * 3
    recorder.script = lambda call: left.pop() if left and call.text else None
    with capture_logs() as logs:
        await desk.hand_in(7, "one", "two")
        await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one", "two"]
    assert [call.text for call in sends(recorder)] == ["one"] * 4 + ["two"]
    meant = [entry["seconds"] for entry in logs if entry["event"] == "message.delayed"]
    assert meant == sorted(meant)
    assert meant[-1] > meant[0]
    # Told to a tenth of a second; a slow machine adds to each.
    moments = [call.at for call in sends(recorder)]
    pauses = [later - earlier for earlier, later in pairwise(moments[:4])]
    assert all(pause > told - 0.06 for pause, told in zip(pauses, meant, strict=True))
    assert count_of("delayed") == delayed + 3
    assert count_of("sent") == sent + 2


async def test_what_nobody_knows_to_be_sent_is_tried_three_times_more(
    desk: Desk, recorder: Recorder
) -> None:
    """Each time the reader may see it once more."""
    before = count_of("uncertain")
    recorder.script = lambda call: DROPPED if call.text == "one" else None
    await desk.hand_in(7, "one", "two")
    await until(desk.all_marked)
    assert [call.text for call in sends(recorder)] == ["one"] * 4 + ["two"]
    assert await desk.states() == {"one": "uncertain", "two": "sent"}
    assert count_of("uncertain") == before + 1
    assert desk.told == [MessageUncertain(method="sendMessage")]
    (audited,) = await rows_of(desk.database, audit_log)
    assert (audited["kind"], audited["user_id"]) == ("message_uncertain", "7")
    assert json.loads(audited["details"])["method"] == "sendMessage"


@pytest.mark.slow
async def test_while_telegram_is_away_no_attempt_is_used_up(desk: Desk, recorder: Recorder) -> None:
    """Nothing is sent again before it has answered to a question that changes nothing."""
    recorder.script = lambda _call: DROPPED
    await desk.hand_in(7, "one")
    await recorder.until(lambda: len(recorder.calls) >= 6)
    assert [call.method for call in recorder.calls[:6]] == ["sendMessage", *["getMe"] * 5]
    recorder.script = lambda _call: None
    await until(desk.all_marked)
    assert await desk.states() == {"one": "sent"}
    assert len(sends(recorder)) == 2


@pytest.mark.parametrize(
    "answer",
    [{"message_id": 31, "date": {}, "chat": []}, {"message_id": "31"}, True, None, "done"],
    ids=["an id", "no number", "true", "null", "a word"],
)
async def test_ok_means_sent_whatever_else_is_answered(
    desk: Desk, recorder: Recorder, answer: Any
) -> None:
    recorder.results["sendMessage"] = answer
    await desk.hand_in(7, "one", "two")
    await until(desk.all_marked)
    assert [call.text for call in recorder.calls] == ["one", "two"]
    assert await desk.states() == {"one": "sent", "two": "sent"}
    ids = [row["message_id"] for row in await rows_of(desk.database, outgoing)]
    assert ids == [31 if answer == {"message_id": 31, "date": {}, "chat": []} else None] * 2


async def test_retry_after_is_obeyed_and_holds_up_nobody_else(
    desk: Desk, recorder: Recorder
) -> None:
    flood = Refusal(429, "Too Many Requests: retry after 1", retry_after=1)

    def until_the_other_is_there(call: Call) -> Refusal | None:
        return flood if call.chat_id == 7 and not texts_to(recorder, 8) else None

    recorder.script = until_the_other_is_there
    await desk.hand_in(7, "one", "two")
    await desk.hand_in(8, "other")
    await until(desk.all_marked)
    tries = [call.at for call in recorder.calls if call.text == "one"]
    assert all(again - refused >= 1 for refused, again in pairwise(tries))
    assert texts_to(recorder, 7) == ["one", "two"]


@pytest.mark.parametrize(
    "refusal",
    [Refusal(400, "Bad Request: can't parse entities"), Refusal(413)],
    ids=["400", "413"],
)
async def test_what_is_refused_for_good_blocks_nothing(
    desk: Desk, recorder: Recorder, refusal: Refusal
) -> None:
    before = count_of("refused")
    recorder.script = lambda call: refusal if call.text == "bad" else None
    await desk.hand_in(7, "one", "bad", "two")
    await desk.hand_in(8, "other")
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one", "two"]
    assert texts_to(recorder, 8) == ["other"]
    assert await desk.states() == {"one": "sent", "bad": "refused", "two": "sent", "other": "sent"}
    assert len([call for call in recorder.calls if call.text == "bad"]) == 1
    assert count_of("refused") == before + 1


async def test_a_refused_page_comes_without_markup_once(desk: Desk, recorder: Recorder) -> None:
    """As found in the log after a crash, too: the unit is committed once. Another version may have
    written a button that cannot be sent.
    """
    broken = "<b>Page</b>\n\n&#xD83D;&#xDE00; &lt;here&gt;"
    work = unit("page")
    page = message(7, broken, [[("\u3164", "c:gate:enter"), ("Go", "x" * 64)]], content_id="gate")
    work.send(replace(page, payload=page.payload.replace("x" * 64, "x" * 65)))
    work.send(message(7, "behind it"))
    recorder.script = lambda call: BROKEN if call.text == broken else None
    await desk.commits.commit(work)
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["behind it", "Page\n\n😀 <here>"]
    sent = recorder.parameters["sendMessage"]
    assert "parse_mode" not in sent
    (row,) = json.loads(sent["reply_markup"])["inline_keyboard"]
    assert [(button["text"], button["callback_data"]) for button in row] == [("→", "c:gate:enter")]
    assert [(page.content_id, page.reason) for page in desk.refused] == [("gate", "markup")]
    await desk.sender.resume()
    await until(desk.all_marked)
    assert len(recorder.taken) == 2


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Bad Request: message is too long", "length"),
        ("Bad Request: text must be non-empty", "empty"),
        ("Bad Request: BUTTON_TEXT_INVALID", "buttons"),
        ("Bad Request: something new", "other"),
        ("Bad Request: chat not found", None),
    ],
)
async def test_what_is_a_page_s_fault(
    desk: Desk, recorder: Recorder, said: str, reason: str | None
) -> None:
    work = unit("page")
    work.send(message(7, "page", content_id="gate"))
    left = [Refusal(400, said)]
    recorder.script = lambda _call: left.pop() if left else None
    await desk.commits.commit(work)
    await until(desk.all_marked)
    assert [page.reason for page in desk.refused] == ([reason] if reason else [])


async def test_a_long_page_comes_in_pieces_with_its_buttons_under_the_last(
    desk: Desk, recorder: Recorder
) -> None:
    words = "😀 word " * 1000
    work = unit("page")
    work.send(message(7, words, [[("Go", "x")]], content_id="gate"))
    recorder.script = lambda call: TOO_LONG if units(call.text) > 4096 else None
    await desk.commits.commit(work)
    await until(desk.all_marked)
    pieces = [call.text for call in recorder.taken]
    assert len(pieces) > 1
    assert " ".join(pieces).split() == words.split()
    assert "reply_markup" in recorder.parameters["sendMessage"]


async def test_a_group_that_became_another_is_answered_there(
    desk: Desk, recorder: Recorder
) -> None:
    """And where Telegram says no more than before, the call is refused as any other."""
    upgraded = "Bad Request: group chat was upgraded to a supergroup chat"
    moved = {
        -7: Refusal(400, upgraded, migrate_to=-1007),
        -8: Refusal(400, upgraded, migrate_to=-8),
    }
    recorder.script = lambda call: moved.get(call.chat_id)
    await desk.hand_in(-7, "one")
    await desk.hand_in(-8, "two")
    await until(desk.all_marked)
    assert texts_to(recorder, -1007) == ["one"]
    assert await desk.states() == {"one": "sent", "two": "refused"}


NOT_MODIFIED = "message is not modified: specified new message content is the same"
REFUND = RefundStarPayment(user_id=7, telegram_payment_charge_id="stx-secret")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (EditMessageReplyMarkup(chat_id=7, message_id=1), NOT_MODIFIED),
        (REFUND, "CHARGE_ALREADY_REFUNDED"),
    ],
    ids=["edited", "refunded"],
)
async def test_what_is_as_it_was_to_be_made_is_done(
    desk: Desk, recorder: Recorder, call: TelegramMethod[Any], said: str
) -> None:
    recorder.script = lambda _call: Refusal(400, f"Bad Request: {said}")
    with capture_logs() as logs:
        await desk.hand_in_calls(7, call)
        await until(desk.all_marked)
    (row,) = await rows_of(desk.database, outgoing)
    assert row["state"] == "sent"
    assert [entry for entry in logs if entry["log_level"] in {"warning", "error"}] == []


async def test_somebody_hears_of_money_that_is_not_given_back(
    desk: Desk, recorder: Recorder
) -> None:
    recorder.script = lambda _call: Refusal(400, "Bad Request: CHARGE_NOT_FOUND")
    failed = count_of("failed")
    await desk.hand_in_calls(0, REFUND)
    await until(desk.all_marked)
    (row,) = await rows_of(desk.database, outgoing)
    assert row["state"] == "failed"
    assert count_of("failed") == failed + 1
    (audit,) = await rows_of(desk.database, audit_log)
    assert audit["kind"] == "message_failed"
    (event,) = await rows_of(desk.database, outbox)
    told = {"method": "refundStarPayment", "attempts": 1, "reason": "refused"}
    assert json.loads(event["envelope"])["payload"] == told


@pytest.mark.parametrize(
    "gone",
    [
        Refusal(403, "Forbidden: bot was blocked by the user"),
        Refusal(403, "Forbidden: user is deactivated"),
        Refusal(403, "Forbidden: bot was kicked from the group chat"),
        Refusal(400, "Bad Request: chat not found"),
        Refusal(400, "Bad Request: PEER_ID_INVALID"),
    ],
    ids=lambda refusal: refusal.description,
)
async def test_who_has_gone_is_told_of(desk: Desk, recorder: Recorder, gone: Refusal) -> None:
    blocked = gone
    recorder.script = lambda call: blocked if call.chat_id == 7 else None
    await desk.hand_in(7, "one")
    await desk.hand_in(8, "other")
    await until(desk.all_marked)
    assert desk.blocked == [7]
    assert await desk.states() == {"one": "refused", "other": "sent"}


async def test_who_has_blocked_the_bot_is_not_forgotten_while_sql_is_away(
    desk: Desk, recorder: Recorder
) -> None:
    desk.deaf += [GuardFailed("someone was faster"), StoreUnavailable("SQLite", "away")]
    recorder.script = lambda _call: Refusal(403, "Forbidden: bot was blocked by the user")
    await desk.hand_in(7, "one")
    await until(desk.all_marked)
    assert desk.blocked == [7]
    assert len(recorder.calls) == 1


async def test_what_a_mistake_of_ours_has_lost_is_found_again_without_a_new_start(
    desk: Desk, recorder: Recorder
) -> None:
    desk.deaf += [ValueError("a mistake")]
    recorder.script = lambda _call: Refusal(403, "Forbidden: bot was blocked by the user")
    await desk.hand_in(7, "one")

    async def is_settled() -> bool:
        await desk.sender.resume()
        return await desk.all_marked()

    await until(is_settled)
    assert desk.blocked == [7]


async def test_a_row_of_another_version_is_kept_for_it_and_blocks_nothing(
    desk: Desk, recorder: Recorder
) -> None:
    work = unit("newer")
    payload = json.dumps({"chat_id": 7, "text": "coo"})
    work.send(Message(chat_id=7, method="sendPigeon", payload=payload))
    await desk.commits.commit(work)
    await desk.hand_in(7, "one")
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one"]

    async def kept() -> list[tuple[str, str]]:
        rows = await rows_of(desk.database, outgoing)
        return [(row["state"], row["payload"]) for row in rows[:1]]

    everywhere = range(PARTITIONS)
    await desk.sender.try_unreadable_again(everywhere)
    assert await kept() == [("unreadable", payload)], "it cannot read it yet"

    # What is unknown today is known to the next version, which begins without knowing the row.
    await desk.sender.resume()
    change = update(outgoing).where(outgoing.c.method == "sendPigeon").values(method="sendMessage")
    await desk.database.write(lambda connection: connection.execute(change) and None)
    others = [each for each in everywhere if each != desk.partition_of(7)]
    await desk.sender.try_unreadable_again(others)
    assert await kept() == [("unreadable", payload)], "it is another process's"
    await desk.sender.try_unreadable_again(everywhere)
    await desk.sender.resume()
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one", "coo"]
    assert [state for state, _ in await kept()] == ["sent"]


async def test_what_nobody_was_told_of_is_found_in_the_log(desk: Desk, recorder: Recorder) -> None:
    """The commit was made, its answer got lost, and the same unit is committed again."""
    desk.commits.followers.clear()
    await desk.hand_in(7, "one")
    work = unit("repeated")
    await desk.commits.commit(work)
    desk.commits.followers.append(desk.sender.notice)
    await desk.sender.resume()
    desk.sender.loop.start()
    await until(desk.all_marked)
    assert texts_to(recorder, 7) == ["one"]

    desk.commits.followers.clear()
    await desk.hand_in(7, "two")
    assert (await desk.commits.commit(unit("repeated"))).duplicate
    await until(desk.all_marked)
    assert [call.text for call in recorder.calls] == ["one", "two"]


async def test_looking_into_the_log_sends_nothing_twice(desk: Desk, recorder: Recorder) -> None:
    def slow(call: Call) -> Refusal | None:
        return Refusal(500) if len(recorder.calls) < 4 else None

    recorder.script = slow
    await desk.hand_in(7, "one", "two", "three")
    for _ in range(20):
        await desk.sender.resume()
    await until(desk.all_marked)
    for _ in range(5):
        await desk.sender.resume()
    assert [call.text for call in recorder.taken if call.text] == ["one", "two", "three"]


async def test_what_is_found_before_it_is_told_of_is_sent_once(
    desk: Desk, recorder: Recorder
) -> None:
    told: list[Committed] = []
    desk.commits.followers[:] = [told.append]
    await desk.hand_in(7, "one")
    await desk.sender.resume()
    desk.commits.followers[:] = [desk.sender.notice]
    desk.sender.notice(told.pop())
    await desk.hand_in(7, "two")
    await until(desk.all_marked)
    assert [call.text for call in recorder.calls] == ["one", "two"]


async def test_what_is_found_in_sql_is_told_of_by_the_id_of_its_cause(desk: Desk) -> None:
    desk.commits.followers.clear()
    await desk.hand_in(7, "one")
    (due,) = (await desk.sender.find([desk.partition_of(7)])).due
    assert due.correlation_id.startswith("cause ")
