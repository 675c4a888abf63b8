"""A reader pays an invoice: the bot is asked first, and the answer says how it ended."""

import asyncio
from typing import Any

from yabot.playground.feed import Subscription
from yabot.playground.reader import views
from yabot.playground.reader.actions import refuse_while_blocked
from yabot.playground.reader.context import Context
from yabot.playground.reader.errors import Refused
from yabot.playground.store import payments, people, updates
from yabot.playground.store.database import Transaction

Json = dict[str, Any]


async def pay(context: Context, user_id: int, message_id: int) -> Json:
    """``outcome`` (paid, refused or expired), ``message`` and ``telegram_payment_charge_id``."""
    with context.feed.subscribe() as changes:
        query_id = await context.database.run(lambda tx: _ask(tx, user_id, message_id))
        try:
            async with asyncio.timeout(payments.CHECKOUT_S):
                await _settled(changes, query_id)
        except TimeoutError:
            pass
    return await context.database.run(lambda tx: _outcome(tx, query_id))


def _ask(tx: Transaction, user_id: int, message_id: int) -> str:
    person = views.present_user(tx, user_id)
    refuse_while_blocked(tx, user_id)
    invoice = payments.invoice(tx, user_id, message_id)
    if invoice is None:
        raise Refused(404, f"Message {message_id} is no invoice.")
    amount, payload = invoice["amount"], invoice["payload"]
    if person["stars"] < amount:
        raise Refused(
            409, f"{person['first_name']} has {person['stars']} Stars and needs {amount}."
        )
    query_id = payments.begin(tx, user_id, user_id, payload, amount)
    query = {
        "id": query_id,
        "from": people.as_user(person),
        "currency": "XTR",
        "total_amount": amount,
        "invoice_payload": payload,
    }
    updates.add(tx, "pre_checkout_query", query)
    return query_id


async def _settled(changes: Subscription, query_id: str) -> None:
    async for change in changes:
        if change.kind == "checkout" and change.body["id"] == query_id:
            return


def _outcome(tx: Transaction, query_id: str) -> Json:
    """How the checkout ended; one that was not answered by now is set to expired."""
    if payments.checkout(tx, query_id)["outcome"] is None:
        told = f"The bot did not confirm the payment within {payments.CHECKOUT_S:.0f} seconds."
        payments.settle(tx, query_id, "expired", told)
    checkout = payments.checkout(tx, query_id)
    return {
        "outcome": checkout["outcome"],
        "message": checkout["message"],
        "telegram_payment_charge_id": checkout["charge_id"],
    }
