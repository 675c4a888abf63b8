"""Stories are told in private: a group gets one line with a link, and only when it asks for it."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any

from aiogram import BaseMiddleware, Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from aiogram.types import User as TelegramUser

from yabot.bot.commands import command_in
from yabot.bot.filters import FromOneOf
from yabot.bot.incoming import Incoming
from yabot.bot.localization import Texts
from yabot.bot.turn import Turn
from yabot.runtime.buckets import Buckets

# Answers to one group.
ANSWERS_AT_ONCE = 5
ANSWERS_PER_MINUTE = 1

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class GroupDoor:
    """Lets through what is meant for this bot. Everything else in a group is talk of people who may
    not know the bot, and is not kept.
    """

    def __init__(self, me: Callable[[], TelegramUser], dispatcher: Dispatcher) -> None:
        """``me`` gives the bot's own user, ``dispatcher`` the commands of its handlers. Both are
        asked only at a group's first message, when all handlers are registered.
        """
        self._me = me
        self._dispatcher = dispatcher

    def lets_in(self, incoming: Incoming) -> bool:
        """Everything private; from a group our commands, and presses on our messages."""
        update = incoming.update
        if not incoming.is_from_group:
            return True
        if update.message is not None:
            return self.command_of(update) is not None
        return update.callback_query is not None and self._is_on_ours(update.callback_query)

    def command_of(self, update: Update) -> str | None:
        """The command of ours with which a message begins."""
        text = update.message.text if update.message else None
        command = command_in(text, self._username)
        return command if command in self._commands else None

    @property
    def link(self) -> str:
        return f"https://t.me/{self._username}"

    @property
    def _username(self) -> str:
        return self._me().username or ""

    @cached_property
    def _commands(self) -> frozenset[str]:
        """The commands that are for everybody; a group must not learn that others exist."""
        handlers = self._dispatcher.message.handlers
        flags = (each.flags for each in handlers if not _is_for_a_few(each))
        filters = (each for flag in flags for each in flag.get("commands", ()))
        return frozenset(name for each in filters for name in each.commands)

    def _is_on_ours(self, query: CallbackQuery) -> bool:
        message = query.message
        if not isinstance(message, Message) or message.from_user is None:
            return False
        return message.from_user.id == self._me().id


def _is_for_a_few(handler: HandlerObject) -> bool:
    return any(isinstance(each.callback, FromOneOf) for each in handler.filters or ())


class PrivateChatsOnly(BaseMiddleware):
    """Stands before every handler: none of them sees an update of a group."""

    def __init__(self, texts: Texts, door: GroupDoor) -> None:
        self._texts = texts
        self._door = door
        self._answers = Buckets(ANSWERS_AT_ONCE, ANSWERS_PER_MINUTE / 60)

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        turn: Turn = data["turn"]
        if not turn.incoming.is_from_group:
            return await handler(event, data)
        user = turn.incoming.user
        if user is not None and self._door.lets_in(turn.incoming):
            turn.acknowledge()
            command = self._door.command_of(turn.update)
            if command is not None:
                turn.interaction(command, place="group")
                self._answer(turn, user.language_code)
        turn.operation = "group"
        return None

    def _answer(self, turn: Turn, language_code: str | None) -> None:
        """Answer within limits, so that nobody can make the bot flood the group."""
        if turn.tokens.take(self._answers, str(turn.chat_id)):
            turn.say(self._texts.localizer(language_code)("group", link=self._door.link))
