"""Stories are told in private: a group gets one line with a link, and only when it asks for it."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from aiogram import BaseMiddleware, Dispatcher
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from aiogram.types import User as TelegramUser

from yabot.bot.commands import command_in
from yabot.bot.localization import Texts
from yabot.bot.origins import sender
from yabot.bot.turn import Turn

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class GroupDoor:
    """Lets through what is meant for this bot. The rest is talk of people who may never have met
    it: nobody keeps that.
    """

    def __init__(self, me: TelegramUser, dispatcher: Dispatcher) -> None:
        """``dispatcher`` is asked for its commands when it has all of its handlers."""
        self._me = me
        self._dispatcher = dispatcher

    def lets_in(self, update: Update) -> bool:
        """Everything private; from a group our commands, and presses on our messages."""
        _, chat = sender(update)
        if chat is None or chat.type == "private":
            return True
        if update.message is not None:
            return command_in(update.message.text, self._username) in self._commands
        return update.callback_query is not None and self._is_on_ours(update.callback_query)

    @property
    def link(self) -> str:
        return f"https://t.me/{self._username}"

    @property
    def _username(self) -> str:
        return self._me.username or ""

    @cached_property
    def _commands(self) -> frozenset[str]:
        flags = (handler.flags for handler in self._dispatcher.message.handlers)
        filters = (each for flag in flags for each in flag.get("commands", ()))
        return frozenset(name for each in filters for name in each.commands)

    def _is_on_ours(self, query: CallbackQuery) -> bool:
        message = query.message
        if not isinstance(message, Message) or message.from_user is None:
            return False
        return message.from_user.id == self._me.id


class PrivateChatsOnly(BaseMiddleware):
    def __init__(self, texts: Texts, door: GroupDoor) -> None:
        self._texts = texts
        self._door = door

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Update)
        user, chat = sender(event)
        if chat is None or chat.type == "private":
            return await handler(event, data)
        turn: Turn = data["turn"]
        turn.operation = "group"
        if user is not None and self._door.lets_in(event):
            turn.acknowledge()
            if event.message is not None:
                turn.say(self._texts.localizer(user.language_code)("group", link=self._door.link))
        return None
