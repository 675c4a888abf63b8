"""Where updates come from: Telegram's webhook, or polling where there is none."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from aiogram import Bot

from yabot.bot.polling import Polling, Receive
from yabot.bot.registration import register_webhook
from yabot.bot.shares import Shares
from yabot.bot.webhook import WebhookHandler
from yabot.observability.logging import get_logger
from yabot.runtime.ending import end
from yabot.runtime.http import HttpServer
from yabot.runtime.stopping import finished_before
from yabot.settings import TelegramSettings

log = get_logger(__name__)


class UpdateSource:
    """Hands what comes to ``receive``, and tells Telegram to keep what that does not take."""

    def __init__(
        self,
        bot: Bot,
        settings: TelegramSettings,
        allowed_updates: list[str],
        shares: Shares,
        receive: Receive,
        on_trouble: Callable[[str | None], None],
    ) -> None:
        """``on_trouble`` hears why no updates come, and None when they come again."""
        self._bot = bot
        self._settings = settings
        self._allowed_updates = allowed_updates
        self._shares = shares
        self._receive = receive
        self._polling = Polling(
            bot,
            receive,
            timeout=settings.polling_timeout,
            limit=settings.polling_limit,
            on_trouble=on_trouble,
        )
        self._webhook: HttpServer | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises ConfigurationError when the webhook's port is taken."""
        secret = _webhook_secret(self._settings, self._bot.token)
        if self._settings.webhook_url is not None:
            self._webhook = self._listener(urlsplit(self._settings.webhook_url).path or "/", secret)
            await self._webhook.start()
        self._task = asyncio.create_task(self._take_updates(secret), name="updates")

    def retry(self) -> None:
        """What made the last poll fail may be over."""
        self._polling.retry()

    async def stop(self) -> None:
        """Take no more. What has not been stored by then, Telegram keeps."""
        if self._webhook is not None:
            await self._webhook.stop()
        if self._task is not None:
            await end([self._task])

    def _listener(self, path: str, secret: str) -> HttpServer:
        app = WebhookHandler(self._bot, path, secret, self._receive).app()
        settings = self._settings
        return HttpServer(
            app, settings.webhook_host, settings.webhook_port, variable="WEBHOOK_PORT"
        )

    async def _take_updates(self, secret: str) -> None:
        if self._webhook is not None:
            if await register_webhook(self._bot, self._settings, secret, self._allowed_updates):
                return
            log.warning("webhook.polling_instead")
        while True:
            # Telegram answers one poll at a time.
            await self._shares.leading.wait()
            polling = self._polling.run(self._allowed_updates)
            await finished_before(self._shares.following, polling)


def _webhook_secret(settings: TelegramSettings, token: str) -> str:
    """WEBHOOK_SECRET, or what only those can know who have the token: each of our processes."""
    given = settings.webhook_secret
    if given is not None:
        return given.get_secret_value()
    return hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()
