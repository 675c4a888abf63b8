"""The playground delivers updates by polling alone; it says so when asked for a webhook."""

from typing import Any

from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.store import updates
from yabot.playground.store.database import Transaction


def delete_webhook(tx: Transaction, params: Params) -> bool:
    if params.flag("drop_pending_updates"):
        updates.drop_all(tx)
    return True


def set_webhook(tx: Transaction, params: Params) -> bool:
    """An empty address deletes the webhook, with Telegram too."""
    if params.text("url"):
        raise bad_request("bad webhook: the playground has no webhooks, poll with getUpdates")
    return delete_webhook(tx, params)


def get_webhook_info(tx: Transaction, _params: Params) -> dict[str, Any]:
    asked = updates.allowed(tx)
    info = {"url": "", "has_custom_certificate": False, "pending_update_count": updates.count(tx)}
    return {**info, **({"allowed_updates": asked} if asked else {})}
