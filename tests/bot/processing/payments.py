"""What Telegram tells of a payment: the question before it, and that it has been made."""

from typing import Any

from aiogram.types import Update

from tests.bot.processing.bench import written
from tests.storage.fixtures import PARTITIONS
from yabot.bot.incoming import Incoming

ORDER = {"currency": "XTR", "total_amount": 100, "invoice_payload": "vip"}


def incoming(update_id: int, **event: Any) -> Incoming:
    return Incoming.of(Update.model_validate({"update_id": update_id, **event}), PARTITIONS)


def paid(update_id: int, user_id: int) -> Incoming:
    payment = {
        **ORDER,
        "telegram_payment_charge_id": f"charge {update_id}",
        "provider_payment_charge_id": "",
    }
    bare = written(update_id, user_id, "").update.model_dump(mode="json", exclude_unset=True)
    message = {name: value for name, value in bare["message"].items() if name != "text"}
    return incoming(update_id, message={**message, "successful_payment": payment})


def asked_to_pay(update_id: int, user_id: int) -> Incoming:
    someone = {"id": user_id, "is_bot": False, "first_name": "Ana"}
    return incoming(update_id, pre_checkout_query={"id": "1", "from": someone, **ORDER})
