"""The command, and a middleware that knows who has signed before any handler is asked."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware, Router
from aiogram.filters import Command
from aiogram.types import Message, TelegramObject

from tests.architecture.toy.book import GuestBook
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.users.service import User

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Signatures(BaseMiddleware):
    """Gives handlers ``signed``: how often the reader has signed."""

    gives = ("signed",)

    def __init__(self, book: GuestBook) -> None:
        self._book = book

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        user: User = data["user"]
        data["signed"] = await self._book.times(user.user_id)
        return await handler(event, data)


def router() -> Router:
    routes = Router(name="guest_book")
    routes.message.register(sign, Command("sign"))
    return routes


async def sign(
    _message: Message, turn: Turn, user: User, t: Localizer, guest_book: GuestBook, signed: int
) -> None:
    turn.interaction("sign")
    guest_book.sign(turn.work, user.user_id, signed)
    turn.say(t("toy-signed", name=user.profile.first_name, times=signed + 1))
