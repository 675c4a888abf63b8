"""Answers the simplest commands while SQL is away and no update can be stored."""

import asyncio
from collections.abc import Callable, Iterable
from time import monotonic

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import Message, Update

from yabot.bot.commands import command_in
from yabot.bot.limits import SendLimits
from yabot.bot.localization import Texts
from yabot.error_text import error_text
from yabot.observability.logging import get_logger
from yabot.observability.metrics import DEGRADED_REPLIES
from yabot.runtime.buckets import Buckets
from yabot.runtime.recent import Recent

log = get_logger(__name__)

REMEMBERED = 10_000
# Short, because Telegram waits meanwhile for the answer to its delivery.
SECONDS = 5
COMMANDS = {"start": "start", "menu": "menu", "help": "help", "ayuda": "help"}


class EmergencyAnswers:
    """Answers the simplest commands, each update once, from a bounded memory.

    Telegram delivers such an update again, because it was not acknowledged. It is then handled like
    any other, but the reader gets no second answer; nor do they for the same command sent again
    within a minute.
    """

    def __init__(
        self,
        bot: Bot,
        texts: Texts,
        limits: SendLimits | None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._bot = bot
        self._limits = limits
        self._texts = texts
        self._answered: Recent[int, None] = Recent(REMEMBERED)
        # By chat and command.
        self._lately = Buckets(1, 1 / 60, now)

    def has_answered(self, update_id: int) -> bool:
        return update_id in self._answered

    async def answer(self, updates: Iterable[Update]) -> None:
        """Answer the ``updates`` concurrently, so that a slow chat does not hold up others."""
        async with asyncio.TaskGroup() as answers:
            for update in updates:
                command = await self._command(update.message)
                if command is not None:
                    assert update.message is not None
                    answers.create_task(self._answer(update.update_id, update.message, command))

    async def _answer(self, update_id: int, message: Message, command: str) -> None:
        if update_id in self._answered:
            return
        self._answered[update_id] = None
        if not self._lately.take(_key(message, command)):
            return
        assert message.from_user is not None
        t = self._texts.localizer(message.from_user.language_code)
        text = t(f"emergency-{command}", name=message.from_user.first_name)
        try:
            if self._limits is not None:
                await self._limits.wait(message.chat.id, "sendMessage")
            await self._bot.send_message(message.chat.id, text, request_timeout=SECONDS)
            DEGRADED_REPLIES.labels("without_sql").inc()
            log.warning("update.answered_without_sql", update_id=update_id, command=command)
        except BaseException as error:
            # Also when it was cut off: better twice than not at all.
            self._answered.pop(update_id, None)
            self._lately.give_back(_key(message, command))
            if not isinstance(error, AiogramError):
                raise
            log.warning("emergency.not_sent", update_id=update_id, reason=error_text(error))

    async def _command(self, message: Message | None) -> str | None:
        """The command of a private message, if it is one that can be answered from memory."""
        if message is None or message.from_user is None or message.chat.type != "private":
            return None
        me = await self._bot.me()
        return COMMANDS.get(command_in(message.text, me.username or "") or "")


def _key(message: Message, command: str) -> str:
    return f"{message.chat.id} {command}"
