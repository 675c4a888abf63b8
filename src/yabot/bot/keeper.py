"""Keeps our webhook set, and checks whether updates come through it.

While it cannot be set, and no other webhook is set, the bot polls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from aiogram.exceptions import TelegramAPIError
from aiogram.types import WebhookInfo

from yabot.bot.intake_health import IntakeHealth
from yabot.bot.own_webhooks import OwnWebhooks, place_of
from yabot.bot.registration import NotAsAsked
from yabot.bot.retry_after import pause_after
from yabot.bot.telegram import AWAY, TOKEN_REFUSED, trouble_with
from yabot.clock import utc_now
from yabot.error_text import error_text, kind_of, own_words
from yabot.errors import StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff

log = get_logger(__name__)

LONGEST_PAUSE = 300.0
# A pause shorter than this, in seconds, is not worth polling in.
SHORT = 5.0
# Seconds, at least, before asking again for what Telegram has refused.
AFTER_REFUSAL = 15.0
# So many looks without a fault, and whoever took the webhook away is believed to be gone.
CALM_AFTER = 10
# An older failed delivery of Telegram's says nothing about now.
RECENT = timedelta(minutes=5)
# More waiting updates than this are not just a burst.
MANY = 100

Register = Callable[[], Awaitable[None]]
AskInfo = Callable[[], Awaitable[WebhookInfo]]
Poll = Callable[[], Awaitable[None]]


class WebhookKeeper:
    """Runs until it is cancelled, beside the listener that Telegram delivers to."""

    def __init__(
        self,
        url: str,
        register: Register,
        ask: AskInfo,
        poll: Poll,
        own: OwnWebhooks,
        on_trouble: Callable[[str | None], None],
        intake_health: IntakeHealth,
        every: float,
    ) -> None:
        """``register`` sets the webhook or raises why not; ``ask`` is getWebhookInfo; ``poll``
        takes updates until it is cancelled. ``on_trouble`` hears that Telegram refuses us, and None
        when it answers. ``every``: seconds between two looks."""
        self._url = url
        self._register = register
        self._ask = ask
        self._poll = poll
        self._own = own
        self._on_trouble = on_trouble
        self._intake_health = intake_health
        self._every = every
        self._trouble: str | None = None
        # Looks without a fault that are still needed.
        self._uneasy = 0
        self._waited_before = 0

    async def run(self) -> None:
        """Until cancelled."""
        pauses = backoff(first=0.2, most=LONGEST_PAUSE)
        while True:
            try:
                await self._set()
            except (TelegramAPIError, NotAsAsked) as error:
                pause = pause_after(error, pauses)
                if not isinstance(error, AWAY):
                    pause = max(pause, AFTER_REFUSAL)
                self._note(error, pause)
                await self._bridge(pause)
            else:
                pauses = backoff(first=0.2, most=LONGEST_PAUSE)
                self._trouble = None
                self._on_trouble(None)
                self._intake_health.over("webhook_not_set")
                await self._watch()

    async def _set(self) -> None:
        """Set it, after noting it as ours, so that a later start may take it away."""
        try:
            await self._own.remember(self._url)
        except StoreUnavailable as error:
            log.warning("webhook.not_remembered", reason=str(error))
        await self._register()

    def _note(self, error: Exception, pause: float) -> None:
        if isinstance(error, TOKEN_REFUSED):
            self._on_trouble(trouble_with(error))
        reason = str(error) if isinstance(error, NotAsAsked) else kind_of(error)
        if isinstance(error, AWAY) and pause < SHORT:
            log.warning("webhook.not_yet_set", reason=reason, seconds=round(pause, 1))
            return
        if reason != self._trouble:
            log.error("webhook.not_set", reason=reason, seconds=round(pause, 1))
        self._trouble = reason
        self._intake_health.seen(
            "webhook_not_set",
            "degraded",
            f"Telegram does not take WEBHOOK_URL: {reason}; mend it and start again, or wait:"
            " it is tried again",
        )

    async def _bridge(self, seconds: float) -> None:
        """Poll until the next attempt; but Telegram answers no poll while any webhook is set."""
        if seconds < SHORT or not await self._nothing_stands():
            await asyncio.sleep(seconds)
            return
        log.warning("webhook.polling_instead", seconds=round(seconds, 1))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._poll()

    async def _nothing_stands(self) -> bool:
        try:
            return not (await self._ask()).url
        except TelegramAPIError as error:
            log.warning("webhook.unknown", reason=error_text(error))
            return False

    async def _watch(self) -> None:
        """Return when somebody has taken our webhook away."""
        while True:
            await asyncio.sleep(self._every)
            try:
                info = await self._ask()
            except TelegramAPIError as error:
                log.warning("webhook.unknown", reason=trouble_with(error))
                if isinstance(error, TOKEN_REFUSED):
                    self._on_trouble(trouble_with(error))
                continue
            self._on_trouble(None)
            if info.url != self._url:
                self._taken(info.url)
                return
            self._unchanged()
            self._judge(info)

    def _taken(self, url: str) -> None:
        self._uneasy = CALM_AFTER
        by = f"set one at {place_of(url)}" if url else "taken ours away"
        reason = (
            f"another program with the same BOT_TOKEN has {by}; ours is set again each time."
            " Stop the other one, or give it a token of its own"
        )
        log.error("webhook.taken", reason=reason)
        self._intake_health.seen("webhook_taken", "degraded", reason)

    def _unchanged(self) -> None:
        self._uneasy = max(self._uneasy - 1, 0)
        if not self._uneasy:
            self._intake_health.over("webhook_taken")

    def _judge(self, info: WebhookInfo) -> None:
        """Tell health whether the updates that wait at Telegram come through."""
        waiting, before = info.pending_update_count, self._waited_before
        self._waited_before = waiting
        failed = info.last_error_date is not None and utc_now() - info.last_error_date < RECENT
        if waiting and failed:
            heard = own_words(info.last_error_message or "")
            trouble = f"Telegram cannot deliver to WEBHOOK_URL: {heard}"
        elif waiting > max(before, MANY):
            trouble = "updates wait at Telegram, and become more"
        elif waiting:
            return
        else:
            self._intake_health.over("deliveries_fail")
            return
        self._intake_health.seen(
            "deliveries_fail",
            "degraded",
            f"{trouble}; {waiting} wait there. Check the way from there",
        )
