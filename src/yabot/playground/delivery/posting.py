"""One update over HTTP to the webhook; how it went, in the words of getWebhookInfo."""

import json
import os
import ssl
from typing import Any

import aiohttp

from yabot.error_text import kind_of
from yabot.errors import TransientError
from yabot.playground.delivery.answers import Answer
from yabot.playground.store.webhooks import Webhook

LONGEST_ANSWER_S = 60.0


class DeliveryFailed(TransientError):
    code = "webhook_delivery_failed"


def new_session(webhook: Webhook) -> aiohttp.ClientSession:
    """Trusts the bot's own certificate where it gave one."""
    trusted = (
        ssl.create_default_context(cadata=webhook.certificate) if webhook.certificate else True
    )
    connector = aiohttp.TCPConnector(limit=0, ssl=trusted)
    timeout = aiohttp.ClientTimeout(total=LONGEST_ANSWER_S)
    return aiohttp.ClientSession(connector=connector, timeout=timeout)


async def post(session: aiohttp.ClientSession, webhook: Webhook, update: Any) -> Answer:
    """Raises ``DeliveryFailed`` for everything but a 2xx answer; follows no redirection."""
    secret = webhook.secret_token
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["X-Telegram-Bot-Api-Secret-Token"] = secret
    try:
        async with session.post(
            webhook.url, data=json.dumps(update), headers=headers, allow_redirects=False
        ) as answer:
            body = await answer.read()
            if not 200 <= answer.status < 300:
                raise DeliveryFailed(
                    f"Wrong response from the webhook: {answer.status} {answer.reason}"
                )
            return Answer(answer.headers.get("Content-Type", ""), body)
    except TimeoutError as error:
        raise DeliveryFailed("Read timeout expired") from error
    except aiohttp.ClientError as error:
        raise DeliveryFailed(_worded(error)) from error


def _worded(error: aiohttp.ClientError) -> str:
    if isinstance(error, aiohttp.ClientSSLError):
        return f"SSL error {{{kind_of(error)}}}"
    if isinstance(error, aiohttp.ClientConnectorError):
        # By its errno: the error's own words are asyncio's.
        return os.strerror(error.os_error.errno) if error.os_error.errno else kind_of(error)
    return "Connection closed by the webhook"
