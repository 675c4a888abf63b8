"""Where updates come from: Telegram's webhook, or polling where there is none."""

import hashlib
import hmac
from collections.abc import Callable
from functools import partial
from urllib.parse import urlsplit

from aiogram import Bot

from yabot.bot.identity import Identity
from yabot.bot.intake_health import IntakeHealth
from yabot.bot.keeper import Poll, WebhookKeeper
from yabot.bot.leadership import Leadership
from yabot.bot.own_webhooks import OwnWebhooks, place_of
from yabot.bot.polling import Polling, Receive
from yabot.bot.registration import register_webhook
from yabot.bot.webhook import WebhookHandler
from yabot.errors import TransientError
from yabot.observability.logging import get_logger
from yabot.runtime.http import HttpServer
from yabot.runtime.loops import WakingLoop
from yabot.runtime.stopping import finished_before
from yabot.settings import TelegramSettings

log = get_logger(__name__)


class ForeignWebhook(TransientError):
    """Telegram delivers elsewhere, and answers no poll."""

    code = "foreign_webhook"

    def __init__(self, url: str) -> None:
        super().__init__(
            f"Telegram delivers to a webhook at {place_of(url)}, which this installation has not"
            " set, so that nothing comes here; stop whatever has set it and run"
            " `yabot webhook remove`, or set WEBHOOK_URL"
        )


class UpdateSource:
    """Takes one bot's updates; those that it cannot take stay with Telegram."""

    def __init__(
        self,
        bot: Bot,
        identity: Identity,
        settings: TelegramSettings,
        allowed_updates: list[str],
        partitions: int,
        leadership: Leadership,
        own: OwnWebhooks,
        on_trouble: Callable[[str | None], None],
        intake_health: IntakeHealth,
    ) -> None:
        """``on_trouble`` gets the reason why no updates come, and None when they come again."""
        self._bot = bot
        self._identity = identity
        self._settings = settings
        self._allowed_updates = allowed_updates
        self._partitions = partitions
        self._leadership = leadership
        self._own = own
        self._on_trouble = on_trouble
        self._intake_health = intake_health
        self._polling = Polling(
            bot,
            self._make_way,
            partitions=partitions,
            timeout=settings.polling_timeout,
            limit=settings.polling_limit,
            on_trouble=on_trouble,
            intake_health=intake_health,
        )
        self._webhook: HttpServer | None = None
        self._taking: WakingLoop | None = None

    async def start(self, receive: Receive) -> None:
        """Begin to hand updates to ``receive``.

        Raises ConfigurationError when the webhook's port is taken.
        """
        secret = _webhook_secret(self._settings, self._bot.token)
        if self._settings.webhook_url is not None:
            path = urlsplit(self._settings.webhook_url).path or "/"
            handler = WebhookHandler(self._bot, path, secret, receive, self._partitions)
            self._webhook = self._listener(handler)
            await self._webhook.start()
        self._taking = WakingLoop("updates", partial(self._take_updates, receive, secret), 0)
        self._taking.on_trouble = self._on_trouble
        self._taking.start()

    def retry(self) -> None:
        """What made the last poll fail may be over."""
        self._polling.retry()

    async def stop(self) -> None:
        """Take no more updates. Telegram keeps what is not stored by then."""
        if self._webhook is not None:
            await self._webhook.stop()
        if self._taking is not None:
            await self._taking.finish(0)

    def _listener(self, handler: WebhookHandler) -> HttpServer:
        settings = self._settings
        return HttpServer(
            handler.app(),
            settings.webhook_host,
            settings.webhook_port,
            variable="WEBHOOK_PORT",
            host_variable="WEBHOOK_HOST",
            trusted_proxies=settings.webhook_trusted_proxies,
        )

    async def _take_updates(self, receive: Receive, secret: str) -> None:
        """Take updates while this process leads: Telegram allows one poll, and one webhook."""
        url = self._settings.webhook_url
        poll = partial(self._polling.run, receive, self._allowed_updates)
        take = poll if url is None else self._keeper(url, secret, poll).run
        await self._identity.until_known()
        await self._leadership.leading.wait()
        await finished_before(self._leadership.following, take())
        # The new leader reports what stands in the way.
        self._on_trouble(None)
        self._intake_health.forget()

    def _keeper(self, url: str, secret: str, poll: Poll) -> WebhookKeeper:
        async def register() -> None:
            await register_webhook(self._bot, self._settings, secret, self._allowed_updates)

        return WebhookKeeper(
            url,
            register,
            self._bot.get_webhook_info,
            poll,
            self._own,
            self._on_trouble,
            self._intake_health,
            every=self._settings.webhook_check_seconds,
        )

    async def _make_way(self) -> None:
        """Remove a webhook of our own. Raises ForeignWebhook for any other, StoreUnavailable."""
        url = (await self._bot.get_webhook_info()).url
        if url and self._settings.webhook_url is not None:
            # The WebhookKeeper will see to it.
            raise ForeignWebhook(url)
        if url and not await self._own.include(url):
            foreign = ForeignWebhook(url)
            self._intake_health.seen("foreign_webhook", "failed", str(foreign))
            raise foreign
        if url:
            await self._bot.delete_webhook()
            log.info("webhook.removed")
        self._intake_health.over("foreign_webhook")


def _webhook_secret(settings: TelegramSettings, token: str) -> str:
    """WEBHOOK_SECRET, or a secret derived from the token, the same in all our processes."""
    given = settings.webhook_secret
    if given is not None:
        return given.get_secret_value()
    return hmac.new(token.encode(), b"webhook", hashlib.sha256).hexdigest()
