"""Whether Telegram answers: nobody is told what was true before they asked."""

import asyncio

from aiogram import Bot

from tests.bot.sender.recorder import Recorder, Refusal
from yabot.bot.probe import TelegramProbe


async def test_whoever_shares_a_question_that_is_cut_off_has_it_asked_again(
    bot: Bot, recorder: Recorder
) -> None:
    """As when the partition of who asked is to be another's."""
    probe, telegram_is_away = TelegramProbe(bot), False
    recorder.script = lambda _call: Refusal(502) if telegram_is_away else None
    earlier = asyncio.create_task(probe.answers())
    await asyncio.sleep(0)
    leaving, staying = (asyncio.create_task(probe.answers()) for _ in range(2))
    assert await earlier
    telegram_is_away = True
    # The one that waited first begins to ask.
    await asyncio.sleep(0)
    leaving.cancel()
    assert not await staying
    assert leaving.cancelled()
