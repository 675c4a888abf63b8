from collections.abc import AsyncIterator

import pytest
from aiogram import Bot

from tests.bot.sender.recorder import TOKEN, Recorder, recording
from yabot.bot.telegram import connect_bot


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    async with recording() as started:
        yield started


@pytest.fixture
async def bot(recorder: Recorder) -> AsyncIterator[Bot]:
    bot = connect_bot(TOKEN, recorder.url)
    yield bot
    await bot.session.close()
