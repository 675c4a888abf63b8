"""Where the bot wants its updates delivered, and how the last delivery failed."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from yabot.playground.store import settings
from yabot.playground.store.database import Transaction

_PLACE, _ERROR = "webhook", "webhook_error"


@dataclass(frozen=True)
class Webhook:
    """``certificate`` is PEM text, or empty."""

    url: str
    secret_token: str
    certificate: str
    ip_address: str
    max_connections: int


def load(tx: Transaction) -> Webhook | None:
    found = settings.read(tx, _PLACE)
    return None if found is None else Webhook(**found)


def save(tx: Transaction, webhook: Webhook | None) -> None:
    """None removes the webhook. Errors are forgotten. The same webhook disturbs no delivery."""
    tx.has_new_webhook = webhook != load(tx)
    if webhook is None:
        settings.remove(tx, _PLACE)
    else:
        settings.write(tx, _PLACE, asdict(webhook))
    settings.remove(tx, _ERROR)


def note_error(tx: Transaction, message: str) -> None:
    settings.write(tx, _ERROR, {"date": int(time.time()), "message": message})


def last_error(tx: Transaction) -> dict[str, Any]:
    """The fields of Telegram's WebhookInfo; empty when all went well."""
    found = settings.read(tx, _ERROR)
    if found is None:
        return {}
    return {"last_error_date": found["date"], "last_error_message": found["message"]}
