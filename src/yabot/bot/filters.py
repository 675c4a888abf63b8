"""Which button was pressed, what a message brings, and from whom."""

import re
from collections.abc import Collection

from aiogram import Bot
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message

from yabot.bot.commands import command_in


class Pressed(Filter):
    """A press whose whole callback data match ``pattern``.

    ``F.data`` would say the same, but aiogram asks each synchronous filter in another thread:
    six of them cost more than all the rest of an update's dispatch.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = re.compile(pattern)

    async def __call__(self, query: CallbackQuery) -> bool:
        return self._pattern.fullmatch(query.data or "") is not None


class IsCommand(Filter):
    """A message that begins with a command, of whatever name, that is not for another bot."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        if not (message.text or "").startswith("/"):
            return False
        me = await bot.me()
        return command_in(message.text, me.username or "") is not None


class Brings(Filter):
    """A message that has something in ``field``."""

    def __init__(self, field: str) -> None:
        self._field = field

    async def __call__(self, message: Message) -> bool:
        return getattr(message, self._field) is not None


class FromOneOf(Filter):
    """A message or a press of one of these users, by Telegram's ids."""

    def __init__(self, user_ids: Collection[int]) -> None:
        self._user_ids = frozenset(user_ids)

    async def __call__(self, event: Message | CallbackQuery) -> bool:
        return event.from_user is not None and event.from_user.id in self._user_ids


class OthersWords(Filter):
    """A message whose words somebody else has chosen: forwarded, or written by an inline bot."""

    async def __call__(self, message: Message) -> bool:
        return message.forward_origin is not None or message.via_bot is not None
