"""Long polling that confirms an update only once it is stored."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from time import monotonic
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramConflictError

from yabot.bot.intake_health import IntakeHealth
from yabot.bot.reading import GetRawUpdates, Received, read_raw
from yabot.bot.retry_after import pause_after
from yabot.bot.session import AnswerUnreadable
from yabot.bot.telegram import trouble_with
from yabot.errors import InvalidInput, YabotError
from yabot.observability.logging import get_logger
from yabot.observability.metrics import UNREADABLE
from yabot.runtime.backoff import backoff
from yabot.runtime.loops import set_within

log = get_logger(__name__)

# Takes the updates of one poll; returns once they are stored.
Receive = Callable[[Sequence[Received]], Awaitable[None]]
# Takes away a webhook that keeps Telegram from answering polls, if it is ours.
MakeWay = Callable[[], Awaitable[None]]

# Seconds without a conflict after which the other poller is believed to be gone.
CALM_AFTER = 300.0
# So many conflicts within that time prove no rival: a process of ours that stood still polls once
# more before it hears that another one leads.
LONE_CONFLICTS = 2
# What Telegram says to whoever polled before.
OTHER_POLLER = "other getUpdates"
ANOTHER_POLLER = (
    "another program polls Telegram with the same BOT_TOKEN, so that each gets a part of the"
    " updates; stop one of them, or give it a token of its own"
)


class Polling:
    """Polls Telegram for updates; the next poll confirms them, once they are stored."""

    def __init__(
        self,
        bot: Bot,
        make_way: MakeWay,
        *,
        partitions: int,
        timeout: int,
        limit: int,
        on_trouble: Callable[[str | None], None],
        intake_health: IntakeHealth,
    ) -> None:
        """``timeout`` in seconds. ``on_trouble`` hears why polling fails, and None afterwards."""
        self._on_trouble = on_trouble
        self._intake_health = intake_health
        self._bot = bot
        self._make_way = make_way
        self._partitions = partitions
        self._timeout = timeout
        self._limit = limit
        self._hope = asyncio.Event()
        self._way_is_free = False
        self._calm_from = 0.0
        # Conflicts since the last calm period.
        self._conflicts = 0

    async def run(self, receive: Receive, allowed_updates: list[str]) -> None:
        """Hand updates to ``receive``, until cancelled.

        After any failure polling goes on, after a pause: nobody else would listen.
        """
        offset: int | None = None
        patience = self._timeout
        pauses = backoff(first=0.5)
        self._way_is_free = False
        while True:
            try:
                received = await self._poll(offset, allowed_updates, patience)
                if received:
                    await receive(received)
                    offset = max(entry.update_id for entry in received) + 1
                self._succeeded()
                patience = self._timeout
                pauses = backoff(first=0.5)
            except Exception as error:  # noqa: BLE001 - it is told of
                # Poll without waiting, to find out at once whether Telegram answers again.
                patience = 0
                await self._pause(error, pauses)

    def retry(self) -> None:
        """Poll again at once: what made the last poll fail may be over."""
        self._hope.set()

    def _succeeded(self) -> None:
        self._on_trouble(None)
        if monotonic() >= self._calm_from:
            self._intake_health.over("another_poller")

    async def _pause(self, error: Exception, pauses: Iterator[float]) -> None:
        seconds = pause_after(error, pauses)
        explains_itself = isinstance(error, AiogramError | YabotError)
        log.warning(
            "polling.paused",
            reason=trouble_with(error),
            seconds=round(seconds, 1),
            exc_info=None if explains_itself else error,
        )
        self._on_trouble(trouble_with(error))
        await set_within(self._hope, seconds)
        self._hope.clear()

    async def _poll(
        self, offset: int | None, allowed_updates: list[str], seconds: int
    ) -> list[Received]:
        if not self._way_is_free:
            # As long as a webhook is set Telegram answers no poll.
            await self._make_way()
            self._way_is_free = True
        request = GetRawUpdates(
            offset=offset, limit=self._limit, timeout=seconds, allowed_updates=allowed_updates
        )
        try:
            delivered = await self._bot(request, request_timeout=seconds + 10)
        except TelegramConflictError as error:
            self._conflicted(other_poller=OTHER_POLLER in str(error))
            raise
        received = self._read(delivered)
        if delivered and not received:
            raise AnswerUnreadable(request, "no update of the answer has an update_id")
        return received

    def _conflicted(self, *, other_poller: bool) -> None:
        self._way_is_free = False
        if not other_poller:
            return
        now = monotonic()
        if now >= self._calm_from:
            self._conflicts = 0
        self._conflicts += 1
        self._calm_from = now + CALM_AFTER
        if self._conflicts > LONE_CONFLICTS:
            self._intake_health.seen("another_poller", "degraded", ANOTHER_POLLER)

    def _read(self, delivered: Sequence[Any]) -> list[Received]:
        """Each update on its own. One without an ``update_id`` is logged and dropped: the next
        offset confirms it together with the others.
        """
        received = []
        for raw in delivered:
            try:
                received.append(read_raw(raw, self._partitions))
            except InvalidInput as error:
                UNREADABLE.labels("no_update_id").inc()
                log.error("update.without_id", reason=str(error))  # noqa: TRY400
        return received
