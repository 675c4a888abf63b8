"""Whether Telegram answers again: one question for all who wait to know."""

import asyncio
from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramServerError
from aiogram.methods import GetMe
from pydantic import ConfigDict

from yabot.runtime.backoff import backoff

ANSWER_WITHIN = 10


class _Anything(GetMe):
    """Whatever is answered, it is an answer."""

    model_config = ConfigDict(hide_input_in_errors=True)
    __returning__ = Any  # type: ignore[assignment]


class Reach:
    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._asking = asyncio.Lock()
        self._answers = 0

    async def wait(self) -> None:
        """Return once Telegram has answered a question that changes nothing."""
        answers = self._answers
        async with self._asking:
            if self._answers == answers:
                await self._ask()
                self._answers += 1

    async def _ask(self) -> None:
        for pause in backoff(first=0.2, most=30.0):
            try:
                await self._bot(_Anything(), request_timeout=ANSWER_WITHIN)
            except (TelegramNetworkError, TelegramServerError):
                await asyncio.sleep(pause)
            except TelegramAPIError:
                return
            else:
                return
