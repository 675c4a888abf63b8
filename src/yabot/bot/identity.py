"""Who the bot is: only Telegram knows, and it may be away when the program starts."""

import asyncio
from collections.abc import Callable, Iterator

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import User as TelegramUser

from yabot.bot.retry_after import pause_after
from yabot.bot.telegram import TOKEN_REFUSED, trouble_with
from yabot.errors import ConfigurationError, TransientError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end

log = get_logger(__name__)


class NotIdentified(TransientError):
    code = "not_identified"

    def __init__(self) -> None:
        super().__init__("Telegram has not told yet who this bot is")


class Identity:
    """Asks Telegram who the bot is, until Telegram answers."""

    def __init__(
        self, bot: Bot, on_trouble: Callable[[str | None], None] = lambda _reason: None
    ) -> None:
        """``on_trouble`` gets the reason while Telegram does not tell it, and None once it has."""
        self._bot = bot
        self._on_trouble = on_trouble
        self._me: TelegramUser | None = None
        self._is_known = asyncio.Event()
        # Whether ``on_trouble`` has been called with a reason.
        self._is_troubled = False
        self._asking: asyncio.Task[None] | None = None

    async def start(self, seconds: float) -> None:
        """Return when the identity is known, or after ``seconds``; then a task goes on asking.

        Raises ConfigurationError when Telegram refuses the token by then.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._ask(is_start=True)
        except TOKEN_REFUSED as error:
            raise ConfigurationError(
                ["BOT_TOKEN: Telegram refuses it; copy it again from @BotFather"]
            ) from error
        except TimeoutError:
            if not self._is_troubled:
                self._on_trouble(f"no answer within {seconds:g} s")
            self._asking = asyncio.create_task(self._ask(), name="identity")

    async def stop(self) -> None:
        if self._asking is not None:
            await end([self._asking])

    def require(self) -> TelegramUser:
        """Raises NotIdentified."""
        if self._me is None:
            raise NotIdentified
        return self._me

    async def until_known(self) -> None:
        await self._is_known.wait()

    async def _ask(self, *, is_start: bool = False) -> None:
        """Ask until it is known, whatever fails; at a start, raise what makes it impossible."""
        pauses = backoff(first=0.5, most=15.0)
        while self._me is None:
            try:
                # ``me`` caches the answer: filters call it with every command that names a bot.
                self._me = await self._bot.me()
            except Exception as error:
                if is_start and _prevents_start(error):
                    raise
                await self._pause(error, pauses)
        self._is_known.set()
        self._on_trouble(None)

    async def _pause(self, error: Exception, pauses: Iterator[float]) -> None:
        pause, reason = pause_after(error, pauses), trouble_with(error)
        log.warning(
            "telegram.away",
            reason=reason,
            seconds=round(pause, 1),
            exc_info=None if isinstance(error, AiogramError) else error,
        )
        self._is_troubled = True
        self._on_trouble(reason)
        await asyncio.sleep(pause)


def _prevents_start(error: Exception) -> bool:
    return isinstance(error, TOKEN_REFUSED) or not isinstance(error, AiogramError)
