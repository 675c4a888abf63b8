"""Payments in Stars as the bot sees them: its answer to a pre-checkout, refunds, the account."""

import secrets
import sqlite3
from typing import Any

from yabot.playground.bot_api.answering import TOO_OLD
from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.invoices import STARS
from yabot.playground.bot_api.params import Params
from yabot.playground.store import messages, payments, people, updates
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

MOST_TRANSACTIONS = 100


def answer_pre_checkout_query(tx: Transaction, params: Params) -> bool:
    checkout = payments.waiting(tx, params.text("pre_checkout_query_id"))
    if checkout is None:
        raise bad_request(TOO_OLD)
    if params.flag("ok"):
        _pay(tx, checkout)
        return True
    reason = params.text("error_message")
    if not reason:
        raise bad_request("error message must be non-empty")
    payments.settle(tx, checkout["id"], "refused", reason)
    return True


def refund_star_payment(tx: Transaction, params: Params) -> bool:
    user_id, charge_id = params.integer("user_id"), params.text("telegram_payment_charge_id")
    moved = payments.of_charge(tx, charge_id)
    if not moved or moved[0]["user_id"] != user_id:
        raise bad_request("CHARGE_NOT_FOUND")
    if len(moved) > 1:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    payments.record(tx, charge_id, user_id, moved[0]["payload"], -moved[0]["amount"])
    if people.chat(tx, user_id) is not None:
        _tell(tx, user_id, user_id, "refunded_payment", moved[0])
    return True


def get_star_transactions(tx: Transaction, params: Params) -> Json:
    limit = params.integer("limit", MOST_TRANSACTIONS)
    if not 1 <= limit <= MOST_TRANSACTIONS:
        raise bad_request("invalid limit specified")
    offset = max(0, params.integer("offset"))
    listed = payments.transactions(tx, offset, limit)
    return {"transactions": [_transaction(tx, row) for row in listed]}


def get_my_star_balance(tx: Transaction, _params: Params) -> Json:
    return {"amount": payments.bot_balance(tx)}


def _pay(tx: Transaction, checkout: sqlite3.Row) -> None:
    user_id, amount = checkout["user_id"], checkout["amount"]
    payer = people.user(tx, user_id)
    if payer is None or payer["is_removed"] or payer["stars"] < amount:
        payments.settle(tx, checkout["id"], "refused", "The Stars are not there any more.")
        return
    charge_id = f"stx{secrets.token_urlsafe(36)}"
    payments.record(tx, charge_id, user_id, checkout["payload"], amount)
    payments.settle(tx, checkout["id"], "paid", charge_id=charge_id)
    _tell(
        tx, checkout["chat_id"], user_id, "successful_payment", payments.of_charge(tx, charge_id)[0]
    )


def _tell(tx: Transaction, chat_id: int, user_id: int, kind: str, moved: sqlite3.Row) -> None:
    """Telegram's service message, in the chat and to the bot."""
    payer = people.user(tx, user_id)
    if payer is None:
        raise RuntimeError(f"the payment {moved['charge_id']} has no payer")
    payment = {
        "currency": STARS,
        "total_amount": moved["amount"],
        "invoice_payload": moved["payload"],
        "telegram_payment_charge_id": moved["charge_id"],
        "provider_payment_charge_id": f"{user_id}_{moved['number']}",
    }
    updates.add(tx, "message", messages.add(tx, chat_id, people.as_user(payer), {kind: payment}))


def _transaction(tx: Transaction, row: sqlite3.Row) -> Json:
    """Telegram's StarTransaction; a refund has the id of the refunded payment."""
    person = people.user(tx, row["user_id"])
    partner = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": {} if person is None else people.as_user(person),
        "invoice_payload": row["payload"],
    }
    side = "source" if row["amount"] > 0 else "receiver"
    moved = {"id": row["charge_id"], "amount": abs(row["amount"]), "date": row["date"]}
    return {**moved, side: partner}
