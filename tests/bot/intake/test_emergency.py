"""Without SQL: who sends a command again and again costs nobody else their answer."""

import asyncio
from itertools import count

import pytest
from aiogram import Bot
from aiogram.types import Update
from typing_extensions import override

from tests.bot.processing.bench import written
from tests.bot.sender.recorder import Recorder, Refusal
from tests.waiting import PATIENCE, until
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.emergency import EmergencyAnswers
from yabot.bot.limits import SendLimits

ANA, BLAS = 7, 8


class OneChatWaits(SendLimits):
    """For Ana's, until ``go_on``; for the others' as long as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()

    @override
    async def wait(self, chat_id: int, method: str) -> None:
        if chat_id == ANA:
            await self.go_on.wait()
        await super().wait(chat_id, method)


class House:
    def __init__(self, bot: Bot, recorder: Recorder) -> None:
        recorder.results["getMe"] = {"id": 1, "is_bot": True, "first_name": "YABOT"}
        self.now = 0.0
        self.limits = OneChatWaits()
        self.emergency = EmergencyAnswers(bot, build_texts(FEATURES), self.limits, lambda: self.now)
        self._recorder = recorder
        self._numbers = count(1)

    def sent(self, user_id: int, *texts: str) -> list[Update]:
        return [written(next(self._numbers), user_id, text).update for text in texts]

    @property
    def answered(self) -> list[int]:
        """The chats that have had an answer, in their order."""
        return [call.chat_id for call in self._recorder.taken if call.method == "sendMessage"]


@pytest.fixture
def house(bot: Bot, recorder: Recorder) -> House:
    return House(bot, recorder)


async def test_the_same_command_again_gets_no_answer_for_a_minute(house: House) -> None:
    house.limits.go_on.set()
    flood = house.sent(ANA, *["/start"] * 12, "/help")
    await house.emergency.answer(flood)
    assert house.answered == [ANA, ANA]
    # They are handled later, and not answered then either.
    assert all(house.emergency.has_answered(update.update_id) for update in flood)
    house.now += 59
    await house.emergency.answer(house.sent(ANA, "/start"))
    assert house.answered == [ANA, ANA]
    house.now += 2
    await house.emergency.answer(house.sent(ANA, "/start"))
    assert house.answered == [ANA, ANA, ANA]


async def test_nobody_waits_behind_another_s_answer(house: House, recorder: Recorder) -> None:
    updates = [*house.sent(ANA, "/start", "/menu"), *house.sent(BLAS, "/start")]
    answering = asyncio.create_task(house.emergency.answer(updates))
    await recorder.until(lambda: house.answered == [BLAS])
    house.limits.go_on.set()
    async with asyncio.timeout(PATIENCE):
        await answering
    assert house.answered == [BLAS, ANA, ANA]


async def test_what_telegram_has_not_taken_is_tried_when_it_comes_again(
    house: House, recorder: Recorder
) -> None:
    house.limits.go_on.set()
    (update,) = house.sent(ANA, "/start")
    recorder.script = lambda call: Refusal(500) if call.method == "sendMessage" else None
    await house.emergency.answer([update])
    assert not house.emergency.has_answered(update.update_id)
    recorder.script = lambda _call: None
    await house.emergency.answer([update])
    assert house.answered == [ANA]
    assert house.emergency.has_answered(update.update_id)


async def test_an_answer_that_is_cut_off_is_given_when_the_update_comes_again(
    house: House,
) -> None:
    """The poll ends that stands in for the webhook, or another process leads."""
    (update,) = house.sent(ANA, "/start")
    answering = asyncio.create_task(house.emergency.answer([update]))

    async def has_begun() -> bool:
        return house.emergency.has_answered(update.update_id)

    await until(has_begun)
    answering.cancel()
    await asyncio.wait([answering])
    assert not house.emergency.has_answered(update.update_id)
    house.limits.go_on.set()
    await house.emergency.answer([update])
    assert house.answered == [ANA]
