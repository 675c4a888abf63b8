"""Telegram's menu of commands, in each language; without it the bot works as well."""

import asyncio
from collections.abc import Sequence

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.methods import SetMyCommands
from aiogram.types import BotCommand

from yabot.bot.localization import DEFAULT_LANGUAGE, LANGUAGES, Texts
from yabot.bot.retry_after import pause_after
from yabot.bot.telegram import AWAY
from yabot.error_text import error_text
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff

log = get_logger(__name__)


class CommandMenu:
    """Published once at each start, beside all other work."""

    def __init__(self, bot: Bot, texts: Texts, commands: Sequence[str]) -> None:
        self._bot = bot
        self._texts = texts
        self._commands = commands

    async def publish(self) -> None:
        """Publish the menu. A refusal is only logged; while Telegram is away, this waits."""
        for language in LANGUAGES:
            t = self._texts.localizer(language)
            commands = [
                BotCommand(command=name, description=t(f"command-{name}"))
                for name in self._commands
            ]
            code = None if language == DEFAULT_LANGUAGE else language
            await self._publish(SetMyCommands(commands=commands, language_code=code))

    async def _publish(self, method: SetMyCommands) -> None:
        pauses = backoff(first=1.0, most=300.0)
        while True:
            try:
                await self._bot(method)
            except AWAY as error:
                pause = pause_after(error, pauses)
                log.warning(
                    "commands.not_published", reason=error_text(error), seconds=round(pause, 1)
                )
                await asyncio.sleep(pause)
            except AiogramError as error:
                log.warning("commands.not_published", reason=error_text(error))
                return
            else:
                return
