"""``retry_after`` is one rule: before the time is over the call does not leave the program."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import (
    AnswerCallbackQuery,
    GetMe,
    GetUpdates,
    SendMessage,
    SetMyCommands,
    SetWebhook,
    TelegramMethod,
)

from tests.bot.sender.recorder import Recorder, Refusal
from yabot.bot.retry_after import pause_after
from yabot.bot.session import LONGEST_WAIT
from yabot.features.subscriptions.statement import GetRawStarTransactions
from yabot.runtime.backoff import backoff

pytestmark = pytest.mark.standard

CALLS: list[TelegramMethod[Any]] = [
    GetMe(),
    GetUpdates(),
    SetWebhook(url="https://bot.example.org/"),
    SetMyCommands(commands=[]),
    GetRawStarTransactions(),
    AnswerCallbackQuery(callback_query_id="1"),
    SendMessage(chat_id=7, text="one"),
]


def flood(seconds: int) -> Refusal:
    return Refusal(429, "Too Many Requests: retry later", retry_after=seconds)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__api_method__)
async def test_it_holds_for_every_call(
    recorder: Recorder, bot: Bot, call: TelegramMethod[Any]
) -> None:
    recorder.script = lambda _call: flood(600)
    for _ in range(3):
        with pytest.raises(TelegramRetryAfter) as told:
            await bot(call)
        assert 590 < told.value.retry_after <= 600
    assert len(recorder.calls) == 1


async def test_it_holds_for_that_call_alone(recorder: Recorder, bot: Bot) -> None:
    recorder.script = lambda call: flood(600) if call.chat_id == 7 else None
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(7, "one")
    await bot.send_message(8, "another chat")
    await bot.set_my_commands([])
    assert [call.text for call in recorder.taken] == ["another chat", ""]


async def test_a_pause_is_never_shorter_than_asked_for() -> None:
    error = TelegramRetryAfter(GetMe(), "wait", 30)
    assert pause_after(error, backoff(first=0.1)) == 30
    assert pause_after(TelegramRetryAfter(GetMe(), "wait", 1), iter([9.0])) == 9.0
    assert pause_after(RuntimeError(), iter([9.0])) == 9.0


@pytest.mark.parametrize(
    "seconds", [1_790_000_000, 10**15, 10**400], ids=["a moment", "beyond dates", "no float"]
)
async def test_nobody_is_waited_for_longer_than_a_day(
    recorder: Recorder, bot: Bot, seconds: int
) -> None:
    recorder.script = lambda _call: flood(seconds)
    with pytest.raises(TelegramRetryAfter) as told:
        await bot.send_message(7, "one")
    assert told.value.retry_after == LONGEST_WAIT
