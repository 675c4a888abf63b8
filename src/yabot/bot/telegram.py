"""Telegram's server: how it is reached, and which of its failures pass."""

import asyncio

from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import User as TelegramUser

from yabot.bot.patience import pause_after
from yabot.bot.session import TelegramSession
from yabot.error_text import error_text
from yabot.errors import ConfigurationError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff

log = get_logger(__name__)

# The same call may succeed later.
AWAY = (TelegramNetworkError, TelegramRetryAfter, TelegramServerError)
# To a token that is not even shaped like one, Telegram says "Not Found".
TOKEN_REFUSED = (TelegramUnauthorizedError, TelegramNotFound)


def connect_bot(token: str, api_url: str | None) -> Bot:
    """``api_url`` is the base of another Bot API server; None is Telegram's own."""
    api = TelegramAPIServer.from_base(api_url) if api_url else PRODUCTION
    return Bot(token, session=TelegramSession(api), default=DefaultBotProperties(parse_mode="HTML"))


async def identify(bot: Bot) -> TelegramUser:
    """Who the token says we are; waits for Telegram as long as it does not answer.

    Raises ConfigurationError when Telegram refuses the token.
    """
    pauses = backoff(first=0.5, most=15.0)
    while True:
        try:
            # It remembers: filters ask it for our name with every command that names a bot.
            return await bot.me()
        except TOKEN_REFUSED as error:
            raise ConfigurationError(
                ["BOT_TOKEN: Telegram refuses it; copy it again from @BotFather"]
            ) from error
        except AiogramError as error:
            pause = pause_after(error, pauses)
            log.warning("telegram.away", reason=error_text(error), seconds=round(pause, 1))
            await asyncio.sleep(pause)
