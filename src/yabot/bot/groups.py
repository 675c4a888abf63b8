"""Stories are told in private: a group gets one line with a link."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from yabot.bot.intake import sender
from yabot.bot.localization import Texts
from yabot.bot.turn import Turn

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class PrivateChatsOnly(BaseMiddleware):
    def __init__(self, texts: Texts, username: str) -> None:
        self._texts = texts
        self._link = f"https://t.me/{username}"

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Update)
        user, chat = sender(event)
        if chat is None or chat.type == "private":
            return await handler(event, data)
        text = event.message.text if event.message else None
        if user is not None and text is not None and text.startswith("/"):
            turn: Turn = data["turn"]
            turn.operation = "group"
            turn.say(self._texts.localizer(user.language_code)("group", link=self._link))
        return None
