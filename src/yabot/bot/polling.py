"""Long polling that confirms an update only once it is stored."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import Update

from yabot.error_text import error_text
from yabot.errors import StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.loops import set_within

log = get_logger(__name__)

# Takes the updates of one poll; returns once they are stored.
Receive = Callable[[Sequence[Update]], Awaitable[None]]


class Polling:
    def __init__(
        self,
        bot: Bot,
        receive: Receive,
        *,
        timeout: int,
        limit: int,
        on_trouble: Callable[[str | None], None],
    ) -> None:
        """``timeout`` in seconds. ``on_trouble`` hears why polling fails, and None afterwards."""
        self._on_trouble = on_trouble
        self._bot = bot
        self._receive = receive
        self._timeout = timeout
        self._limit = limit
        self._hope = asyncio.Event()
        self._webhook_is_gone = False

    async def run(self, allowed_updates: list[str]) -> None:
        """Until cancelled. Whatever makes a poll fail is waited out: nobody else would listen."""
        offset: int | None = None
        patience = self._timeout
        pauses = backoff(first=0.5)
        while True:
            try:
                offset = await self._poll(offset, allowed_updates, patience)
                self._on_trouble(None)
                patience = self._timeout
                pauses = backoff(first=0.5)
            except Exception as error:  # noqa: BLE001 - it is told of
                # The next poll does not wait for news: it is to tell whether all is well again.
                patience = 0
                await self._pause(error, next(pauses))

    def retry(self) -> None:
        """What made the last poll fail may be over: do not wait for the pause to end."""
        self._hope.set()

    async def _pause(self, error: Exception, seconds: float) -> None:
        explains_itself = isinstance(error, AiogramError | StoreUnavailable)
        log.warning(
            "polling.paused",
            reason=error_text(error),
            seconds=round(seconds, 1),
            exc_info=None if explains_itself else error,
        )
        self._on_trouble(error_text(error))
        await set_within(self._hope, seconds)
        self._hope.clear()

    async def _poll(
        self, offset: int | None, allowed_updates: list[str], seconds: int
    ) -> int | None:
        if not self._webhook_is_gone:
            # As long as one is set, from an earlier start, Telegram answers no poll.
            await self._bot.delete_webhook()
            self._webhook_is_gone = True
        received = await self._bot.get_updates(
            offset=offset,
            limit=self._limit,
            timeout=seconds,
            allowed_updates=allowed_updates,
            request_timeout=seconds + 10,
        )
        if not received:
            return offset
        await self._receive(received)
        return received[-1].update_id + 1
