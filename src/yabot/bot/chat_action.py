"""“The bot is typing”, when an answer takes long."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from yabot.error_text import error_text
from yabot.observability.logging import get_logger

log = get_logger(__name__)

TYPING_AFTER = 1.0


class TypingAction:
    """Stands around the work at an update. Never raises: the answer itself is on its way."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._sending: set[asyncio.Task[None]] = set()

    @contextmanager
    def over(self, chat_id: int) -> Iterator[None]:
        """Show the sign in the chat when the block takes more than ``TYPING_AFTER`` seconds."""
        timer = asyncio.get_running_loop().call_later(TYPING_AFTER, self._show, chat_id)
        try:
            yield
        finally:
            timer.cancel()

    def _show(self, chat_id: int) -> None:
        task = asyncio.create_task(self._send(chat_id))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, chat_id: int) -> None:
        """If even this fails, it is no loss: the answer itself is on its way."""
        try:
            await self._bot.send_chat_action(chat_id, "typing", request_timeout=5)
        except TelegramAPIError as error:
            log.debug("chat_action.failed", reason=error_text(error))
