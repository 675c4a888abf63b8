"""Play money: invoices, checkouts that wait for the bot's answer, and transactions."""

import secrets
import sqlite3
import time

from yabot.playground.store.database import Transaction

# Seconds; Telegram gives a bot as long to answer a pre-checkout query.
CHECKOUT_S = 10.0


def add_invoice(tx: Transaction, chat_id: int, message_id: int, payload: str, amount: int) -> None:
    tx.execute("INSERT INTO invoices VALUES (?, ?, ?, ?)", chat_id, message_id, payload, amount)


def invoice(tx: Transaction, chat_id: int, message_id: int) -> sqlite3.Row | None:
    return tx.row(
        "SELECT payload, amount FROM invoices WHERE chat_id = ? AND message_id = ?",
        chat_id,
        message_id,
    )


def begin(tx: Transaction, user_id: int, chat_id: int, payload: str, amount: int) -> str:
    """The id of the pre-checkout query; the bot has ``CHECKOUT_S`` to answer it."""
    query_id = str(secrets.randbits(62))
    tx.execute(
        "INSERT INTO checkouts (id, user_id, chat_id, payload, amount, asked_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        query_id,
        user_id,
        chat_id,
        payload,
        amount,
        time.time(),
    )
    return query_id


def waiting(tx: Transaction, query_id: str) -> sqlite3.Row | None:
    """The checkout if it can still be answered."""
    return tx.row(
        "SELECT * FROM checkouts WHERE id = ? AND outcome IS NULL AND asked_at > ?",
        query_id,
        time.time() - CHECKOUT_S,
    )


def checkout(tx: Transaction, query_id: str) -> sqlite3.Row:
    (row,) = tx.rows("SELECT * FROM checkouts WHERE id = ?", query_id)
    return row


def settle(
    tx: Transaction, query_id: str, outcome: str, message: str = "", charge_id: str | None = None
) -> None:
    """``outcome`` is paid, refused or expired; ``message`` is for the reader."""
    tx.execute(
        "UPDATE checkouts SET outcome = ?, message = ?, charge_id = ? WHERE id = ?",
        outcome,
        message,
        charge_id,
        query_id,
    )
    tx.note("checkout", id=query_id, outcome=outcome)


def record(tx: Transaction, charge_id: str, user_id: int, payload: str, amount: int) -> None:
    """``amount`` as the bot sees it: negative for a refund. The user's Stars move with it."""
    tx.execute(
        "INSERT INTO star_transactions (charge_id, user_id, payload, amount, date)"
        " VALUES (?, ?, ?, ?, ?)",
        charge_id,
        user_id,
        payload,
        amount,
        int(time.time()),
    )
    tx.execute("UPDATE users SET stars = stars - ? WHERE id = ?", amount, user_id)
    tx.note("users")


def of_charge(tx: Transaction, charge_id: str) -> list[sqlite3.Row]:
    """The payment and, when there was one, its refund."""
    return tx.rows("SELECT * FROM star_transactions WHERE charge_id = ? ORDER BY number", charge_id)


def transactions(tx: Transaction, offset: int, limit: int) -> list[sqlite3.Row]:
    return tx.rows(
        "SELECT * FROM star_transactions ORDER BY number LIMIT ? OFFSET ?", limit, offset
    )


def bot_balance(tx: Transaction) -> int:
    return int(tx.rows("SELECT coalesce(sum(amount), 0) FROM star_transactions")[0][0])
