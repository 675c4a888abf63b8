"""Where updates go: setWebhook and its companions. Only addresses of this machine are called."""

import re
import ssl
from typing import Any
from urllib.parse import urlsplit

from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.guard import is_loopback
from yabot.playground.store import updates, webhooks
from yabot.playground.store.database import Transaction
from yabot.playground.store.webhooks import Webhook

USUAL_CONNECTIONS = 40
MOST_CONNECTIONS = 100
LONGEST_SECRET = 256


def set_webhook(tx: Transaction, params: Params) -> bool:
    """An empty address deletes the webhook, with Telegram too."""
    if not params.text("url"):
        return delete_webhook(tx, params)
    webhook = Webhook(
        url=_url(params.text("url")),
        secret_token=_secret(params.text("secret_token")),
        certificate=_certificate(params),
        ip_address=_address(params.text("ip_address")),
        max_connections=_connections(params),
    )
    kinds = updates.asked_kinds(params.parsed("allowed_updates", "allowed updates"))
    if kinds is not None:
        updates.set_allowed(tx, kinds)
    _drop_pending_if_asked(tx, params)
    webhooks.save(tx, webhook)
    return True


def delete_webhook(tx: Transaction, params: Params) -> bool:
    _drop_pending_if_asked(tx, params)
    webhooks.save(tx, None)
    return True


def get_webhook_info(tx: Transaction, _params: Params) -> dict[str, Any]:
    webhook, asked = webhooks.load(tx), updates.allowed(tx)
    info = {
        "pending_update_count": updates.count(tx),
        **({"allowed_updates": asked} if asked else {}),
    }
    if webhook is None:
        return {"url": "", "has_custom_certificate": False, **info}
    return {
        "url": webhook.url,
        "has_custom_certificate": bool(webhook.certificate),
        "max_connections": webhook.max_connections,
        **({"ip_address": webhook.ip_address} if webhook.ip_address else {}),
        **info,
        **webhooks.last_error(tx),
    }


def _drop_pending_if_asked(tx: Transaction, params: Params) -> None:
    if params.flag("drop_pending_updates"):
        updates.drop_all(tx)


def _url(given: str) -> str:
    try:
        parts = urlsplit(given)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        raise bad_request("bad webhook: invalid URL") from None
    if parts.scheme == "https" and host and not is_loopback(host):
        raise bad_request("bad webhook: the playground calls addresses of this machine only")
    if parts.scheme not in {"http", "https"} or not is_loopback(host):
        raise bad_request("bad webhook: HTTPS url must be provided for webhook")
    return given


def _secret(given: str) -> str:
    if len(given) > LONGEST_SECRET:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", given):
        raise bad_request("secret token contains unallowed characters")
    return given


def _certificate(params: Params) -> str:
    upload = params.upload("certificate")
    if upload is None:
        return ""
    text = upload.body.decode("ascii", errors="replace")
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise bad_request("bad webhook: certificate is not in PEM format") from None
    return text


def _address(given: str) -> str:
    if given and not is_loopback(given):
        raise bad_request("bad webhook: the playground calls addresses of this machine only")
    return given


def _connections(params: Params) -> int:
    asked = params.integer("max_connections", USUAL_CONNECTIONS)
    return max(1, min(asked or USUAL_CONNECTIONS, MOST_CONNECTIONS))
