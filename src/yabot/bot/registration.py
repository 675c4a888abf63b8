"""Sets the webhook at Telegram, and checks that Telegram has kept it as asked."""

from collections.abc import Sequence

from aiogram import Bot
from aiogram.types import FSInputFile, WebhookInfo

from yabot.bot.own_webhooks import place_of
from yabot.errors import TransientError
from yabot.observability.logging import get_logger
from yabot.settings import TelegramSettings

log = get_logger(__name__)


class NotAsAsked(TransientError):
    """Telegram accepted the call, but keeps something else than asked."""

    code = "webhook_not_as_asked"


async def register_webhook(
    bot: Bot, settings: TelegramSettings, secret: str, allowed_updates: list[str]
) -> None:
    """Ask Telegram to deliver to WEBHOOK_URL, and only what we handle.

    Raises TelegramAPIError when it refuses or is away, NotAsAsked.
    """
    url, certificate = settings.webhook_url, settings.webhook_certificate_path
    assert url is not None
    await bot.set_webhook(
        url,
        certificate=FSInputFile(certificate) if certificate else None,
        ip_address=settings.webhook_ip_address,
        max_connections=settings.webhook_max_connections,
        allowed_updates=allowed_updates,
        secret_token=secret,
    )
    known = await bot.get_webhook_info()
    difference = _difference(known, url, certificate is not None, allowed_updates)
    if difference is not None:
        raise NotAsAsked(difference)
    log.info("webhook.set", place=place_of(url), allowed_updates=allowed_updates)


def _difference(
    known: WebhookInfo, url: str, certified: bool, allowed_updates: Sequence[str]
) -> str | None:
    if not known.url:
        return "Telegram has kept no webhook"
    if known.url != url:
        return f"Telegram has kept another address, at {place_of(known.url)}"
    if certified and not known.has_custom_certificate:
        return "Telegram has not kept WEBHOOK_CERTIFICATE_PATH"
    if set(known.allowed_updates or ()) != set(allowed_updates):
        return f"Telegram will deliver {known.allowed_updates}"
    return None
