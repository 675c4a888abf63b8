"""Every caller of the Bot API obeys ``retry_after``.

Telegram names seconds for a method, and for messages for one chat. Until they are over, the same
call does not leave the program; its caller gets an error with the seconds that are left.
"""

import math
from collections.abc import Iterator
from time import monotonic
from typing import Any

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

# A method, and the chat where it has one.
Call = tuple[str, Any]


class ObeyRetryAfter(BaseRequestMiddleware):
    """Raises TelegramRetryAfter, with what is left of the seconds, for a call that has to wait."""

    def __init__(self) -> None:
        # By call, the moment from which it may be made again.
        self._not_before: dict[Call, float] = {}

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        call = (method.__api_method__, getattr(method, "chat_id", None))
        self._refuse_early(call, method)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            self._remember(call, error.retry_after)
            raise

    def _refuse_early(self, call: Call, method: TelegramMethod[Any]) -> None:
        left = self._not_before.get(call, 0.0) - monotonic()
        if left > 0:
            message = "Telegram has asked to wait, and the time is not over"
            raise TelegramRetryAfter(method, message, math.ceil(left))

    def _remember(self, call: Call, seconds: int) -> None:
        now = monotonic()
        waiting = ((each, moment) for each, moment in self._not_before.items() if moment > now)
        self._not_before = {**dict(waiting), call: now + seconds}


def pause_after(error: Exception, pauses: Iterator[float]) -> float:
    """Seconds until the next attempt: what Telegram asks for, else the next of ``pauses``."""
    usual = next(pauses)
    return max(usual, error.retry_after) if isinstance(error, TelegramRetryAfter) else usual
