"""Who is this? Every handler behind it gets the answer as arguments."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject, Update

from yabot.bot.intake import sender
from yabot.bot.localization import Localizer, Texts
from yabot.bot.turn import Turn
from yabot.errors import StoreUnavailable
from yabot.features.users.service import User, UserService

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class UserMiddleware(BaseMiddleware):
    """Gives handlers ``user`` and ``t``; only a message makes a new user."""

    def __init__(self, users: UserService, texts: Texts) -> None:
        self._users = users
        self._texts = texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        turn: Turn = data["turn"]
        if not isinstance(event, Update):
            return None
        telegram_user, _ = sender(event)
        if telegram_user is None or telegram_user.is_bot:
            return None
        if event.message is not None:
            user = await self._users.meet(turn.work, telegram_user)
        else:
            found = await self._users.find(turn.user_id)
            if found is None:
                return self._greet_stranger(turn, telegram_user.language_code)
            user = found
        data |= {"user": user, "t": await self._localizer(user)}
        return await handler(event, data)

    async def _localizer(self, user: User) -> Localizer:
        try:
            chosen = (await self._users.state(user)).preferences.language
        except StoreUnavailable:
            chosen = None
        return self._texts.localizer(chosen or user.profile.language_code)

    def _greet_stranger(self, turn: Turn, language_code: str | None) -> None:
        """An old button, pressed by somebody who is not registered, or not any more."""
        turn.operation = "stranger"
        turn.reject("unknown_user")
        turn.acknowledge(self._texts.localizer(language_code)("users-stranger"))
