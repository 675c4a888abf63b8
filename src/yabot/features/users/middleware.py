"""Finds the user of each update, for the handlers."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.types import TelegramObject
from aiogram.types import User as TelegramUser

from yabot.bot.incoming import Incoming
from yabot.bot.localization import Texts
from yabot.bot.turn import Turn
from yabot.features.users.service import User, UserService

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class UserMiddleware(BaseMiddleware):
    """Gives handlers ``user`` and ``t``; registers a user at their first message, press or
    reaction.

    A forgotten user comes back only by writing: a press on an old button does not ask for that.
    Telegram's report of a payment is a message, too: its handlers get None for a payer who is not
    registered, or not any more.
    """

    gives = ("user", "t")

    def __init__(self, users: UserService, texts: Texts) -> None:
        self._users = users
        self._texts = texts

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        turn: Turn = data["turn"]
        telegram_user = turn.incoming.user
        if telegram_user is None or telegram_user.is_bot:
            return None
        user = await self._user(turn, telegram_user)
        if user is None and not turn.incoming.tells_of_payment:
            return self._greet_stranger(turn, telegram_user.language_code)
        chosen = await self._chosen_language(turn.incoming, user)
        known = user.profile.language_code if user else telegram_user.language_code
        data |= {"user": user, "t": self._texts.localizer(chosen or known)}
        return await handler(event, data)

    async def _user(self, turn: Turn, telegram_user: TelegramUser) -> User | None:
        work, event = turn.work, turn.update
        if turn.incoming.tells_of_payment:
            return await self._users.find(str(telegram_user.id))
        if event.message is not None:
            return await self._users.meet(work, telegram_user)
        if event.callback_query is not None or event.message_reaction is not None:
            return await self._users.recognize(work, telegram_user)
        return await self._users.find(str(telegram_user.id))

    async def _chosen_language(self, incoming: Incoming, user: User | None) -> str | None:
        """None without a user, and at a pre-checkout, which has no time to wait for MongoDB."""
        if user is None or incoming.is_pre_checkout:
            return None
        return (await self._users.preferences(user)).language

    def _greet_stranger(self, turn: Turn, language_code: str | None) -> None:
        """Answer a forgotten user who has pressed an old button."""
        turn.operation = "stranger"
        turn.reject("unknown_user")
        turn.acknowledge(self._texts.localizer(language_code)("users-stranger"))
