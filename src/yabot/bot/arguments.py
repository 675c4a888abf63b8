"""What readers write behind a command: one line, of a length that something can be meant by."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from aiogram import BaseMiddleware
from aiogram.filters import CommandObject
from aiogram.types import TelegramObject

from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.canonical import argument

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

# The longest argument that makes sense is the id of a charge.
LONGEST = 256


class BoundedArguments(BaseMiddleware):
    """Stands before every command's handler. An argument that is too long is answered here."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        command = data.get("command")
        if not isinstance(command, CommandObject) or not command.args:
            return await handler(event, data)
        told = argument(command.args)
        if len(told) > LONGEST:
            turn: Turn = data["turn"]
            t: Localizer = data["t"]
            turn.operation = command.command
            turn.reject("argument_too_long")
            turn.say(t("argument-too-long"))
            return None
        data["command"] = replace(command, args=told or None)
        return await handler(event, data)
