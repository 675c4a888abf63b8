"""sendInvoice: something to buy with Stars."""

from typing import Any

from aiogram.types import LabeledPrice
from pydantic import ConfigDict, ValidationError

from yabot.deferred_models import adapter
from yabot.playground.bot_api import access, keyboards
from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.store import bot, messages, payments
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

STARS = "XTR"
MOST_STARS = 100_000
MOST_PAYLOAD_BYTES = 128
LONGEST = {"title": 32, "description": 255}

_prices = adapter(list[LabeledPrice], config=ConfigDict(hide_input_in_errors=True))


def send_invoice(tx: Transaction, params: Params) -> Json:
    described = {field: _text(params, field) for field in LONGEST}
    payload, amount = _payload(params), _amount(params)
    keyboard = _keyboard(params, amount)
    chat_id = access.writable_chat(tx, params)
    invoice = {**described, "start_parameter": "", "currency": STARS, "total_amount": amount}
    content = {"invoice": invoice, "reply_markup": keyboard}
    sender = bot.current(tx).as_user()
    silent = params.flag("disable_notification")
    message = messages.add(tx, chat_id, sender, content, silent=silent)
    payments.add_invoice(tx, chat_id, message["message_id"], payload, amount)
    return message


def _text(params: Params, field: str) -> str:
    given = params.text(field).strip()
    if not given:
        raise bad_request(f"{field} must be non-empty")
    if len(given) > LONGEST[field]:
        raise bad_request(f"{field} is too long")
    return given


def _payload(params: Params) -> str:
    payload = params.text("payload")
    if not 1 <= len(payload.encode()) <= MOST_PAYLOAD_BYTES:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    return payload


def _amount(params: Params) -> int:
    """Stars are sold at one price, without a provider."""
    if params.text("currency") != STARS or params.text("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    try:
        prices = _prices.validate_python(params.parsed("prices", "prices"))
    except ValidationError:
        raise bad_request("can't parse labeled prices JSON object") from None
    if len(prices) != 1:
        raise bad_request("STARS_INVOICE_INVALID")
    if not 1 <= prices[0].amount <= MOST_STARS:
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")
    return prices[0].amount


def _keyboard(params: Params, amount: int) -> Json:
    """Telegram adds the button to pay where the bot brings no keyboard of its own."""
    given = keyboards.inline_from_params(params).inline
    if given is None:
        return {"inline_keyboard": [[{"text": f"Pay ⭐️{amount}", "pay": True}]]}
    if not given["inline_keyboard"][0][0].get("pay"):
        raise bad_request("the first button of an invoice must be a Pay button")
    return given
