"""Which button was pressed, what a message brings, and from whom."""

import re
from collections.abc import Callable, Collection
from copy import copy
from functools import cached_property
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.dispatcher.event.telegram import TelegramEventObserver
from aiogram.filters import Filter
from aiogram.types import CallbackQuery, Message
from typing_extensions import override

from yabot.bot.commands import command_in


class Pressed(Filter):
    """A press whose whole callback data match ``pattern``. The pattern begins with a word that only
    this feature uses, followed by a colon or by nothing.

    ``F.data`` would say the same, but aiogram asks each synchronous filter in another thread:
    six of them cost more than all the rest of an update's dispatch.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.fits = re.compile(pattern).fullmatch

    async def __call__(self, query: CallbackQuery) -> bool:
        return self.fits(query.data or "") is not None


class PressObserver(TelegramEventObserver):
    """Hands a press to those handlers alone whose ``Pressed`` it fits, in their order.

    aiogram's own asks every one, and takes as long for that as for the rest of a press's dispatch.
    """

    @classmethod
    def put_into(cls, dispatcher: Dispatcher) -> None:
        """Replace the dispatcher's observer; call it before any handler is registered."""
        observer = cls(dispatcher, "callback_query")
        dispatcher.callback_query = dispatcher.observers[observer.event_name] = observer

    @override
    async def trigger(self, event: Any, **kwargs: Any) -> Any:
        data, asked = event.data or "", copy(self)
        asked.handlers = [each for each, fits in self._registered if fits(data)]
        return await super(PressObserver, asked).trigger(event, **kwargs)

    @cached_property
    def _registered(self) -> list[tuple[HandlerObject, Callable[[str], object]]]:
        """Computed at the first press, when all handlers are registered."""
        return [(each, _fits(each)) for each in self.handlers]


def pressed_of(handler: HandlerObject) -> Pressed | None:
    """The handler's first filter if that is a ``Pressed``; None: it may take any press."""
    first = handler.filters[0].callback if handler.filters else None
    return first if isinstance(first, Pressed) else None


def _fits(handler: HandlerObject) -> Callable[[str], object]:
    pressed = pressed_of(handler)
    return pressed.fits if pressed is not None else re.compile("(?s).*").fullmatch


class IsCommand(Filter):
    """A message that begins with any command that is not addressed to another bot."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        if not (message.text or "").startswith("/"):
            return False
        me = await bot.me()
        return command_in(message.text, me.username or "") is not None


class Brings(Filter):
    """A message that has something in one of ``fields``."""

    def __init__(self, *fields: str) -> None:
        self._fields = fields

    async def __call__(self, message: Message) -> bool:
        return any(getattr(message, field) is not None for field in self._fields)


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
