"""Tells Telegram where to deliver updates, and makes sure that it has understood."""

import asyncio
from collections.abc import Sequence

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import FSInputFile, WebhookInfo

from yabot.bot.telegram import AWAY
from yabot.error_text import error_text
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.settings import TelegramSettings

log = get_logger(__name__)

TRIES = 5


async def register_webhook(
    bot: Bot, settings: TelegramSettings, secret: str, allowed_updates: list[str]
) -> bool:
    """Ask Telegram to deliver to WEBHOOK_URL, and only what we handle.

    False, and logged, when Telegram refuses, remembers something else, or is still away at the
    last of several tries.
    """
    assert settings.webhook_url is not None
    for attempt, pause in zip(range(1, TRIES), backoff(first=0.2), strict=False):
        try:
            return await _register(bot, settings, secret, allowed_updates)
        except AWAY as error:
            log.warning("webhook.not_yet_set", attempt=attempt, reason=error_text(error))
        await asyncio.sleep(pause)
    try:
        return await _register(bot, settings, secret, allowed_updates)
    except AWAY as error:
        return _not_set(settings.webhook_url, error_text(error))


async def _register(
    bot: Bot, settings: TelegramSettings, secret: str, allowed_updates: list[str]
) -> bool:
    url, certificate = settings.webhook_url, settings.webhook_certificate_path
    assert url is not None
    try:
        await bot.set_webhook(
            url,
            certificate=FSInputFile(certificate) if certificate else None,
            ip_address=settings.webhook_ip_address,
            max_connections=settings.webhook_max_connections,
            allowed_updates=allowed_updates,
            secret_token=secret,
        )
        known = await bot.get_webhook_info()
    except AWAY:
        raise
    except TelegramAPIError as error:
        return _not_set(url, error_text(error))
    return _is_as_asked(known, url, certificate is not None, allowed_updates)


def _is_as_asked(
    known: WebhookInfo, url: str, certified: bool, allowed_updates: Sequence[str]
) -> bool:
    if known.url != url:
        return _not_set(url, f"Telegram says it is '{known.url}'")
    if certified and not known.has_custom_certificate:
        return _not_set(url, "Telegram has not kept WEBHOOK_CERTIFICATE_PATH")
    if set(known.allowed_updates or ()) != set(allowed_updates):
        return _not_set(url, f"Telegram will deliver {known.allowed_updates}")
    log.info("webhook.set", url=url, allowed_updates=allowed_updates)
    return True


def _not_set(url: str, reason: str) -> bool:
    log.error("webhook.not_set", url=url, reason=reason)
    return False
