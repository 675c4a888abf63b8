"""Telegram's server: how it is reached, and which of its failures are temporary."""

from typing import Any

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetMe
from aiogram.types import User as TelegramUser
from pydantic import ValidationError

from yabot.bot.session import AnswerUnreadable, GetMeAsTold, OnTime, TelegramSession
from yabot.error_text import error_text

# The same call may succeed later.
AWAY = (TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
# For a token of the wrong shape Telegram answers "Not Found".
TOKEN_REFUSED = (TelegramUnauthorizedError, TelegramNotFound)
REFUSED = (
    "Telegram refuses BOT_TOKEN: it was revoked, or mistyped. Copy it again from @BotFather, and"
    " start again"
)
NO_TELEGRAM = (
    "what answers in Telegram's place does not do so as the Bot API does; check TELEGRAM_API_URL,"
    " and proxies on the way there"
)


class SelfKnowingBot(Bot):
    """Reads getMe even if a later Bot API answers something that this version cannot read."""

    async def get_me(
        self,
        request_timeout: int | None = None,
    ) -> TelegramUser:
        told = await self(GetMeAsTold(), request_timeout=request_timeout)
        try:
            return TelegramUser.model_validate(told)
        except ValidationError:
            pass
        me: dict[str, Any] = told if isinstance(told, dict) else {}
        if type(me.get("id")) is not int:
            raise AnswerUnreadable(GetMe(), "this version cannot read the answer to getMe")
        username = me.get("username")
        return TelegramUser(
            id=me["id"],
            is_bot=True,
            first_name="",
            username=username if isinstance(username, str) else None,
        )


def connect_bot(token: str, api_url: str | None, on_time: OnTime | None = None) -> Bot:
    """``api_url`` is the base of another Bot API server; None is Telegram's own. ``on_time`` gets
    the server's time with each answer."""
    api = TelegramAPIServer.from_base(api_url) if api_url else PRODUCTION
    properties = DefaultBotProperties(parse_mode="HTML")
    return SelfKnowingBot(token, session=TelegramSession(api, on_time=on_time), default=properties)


def trouble_with(error: Exception) -> str:
    """Why Telegram does not do what it is asked, in a sentence for operators."""
    if isinstance(error, TOKEN_REFUSED):
        return REFUSED
    return NO_TELEGRAM if isinstance(error, AnswerUnreadable) else error_text(error)
