"""Button presses: each waits for the bot's answer and takes one."""

import secrets
import time
from typing import Any

from yabot.playground.store import messages
from yabot.playground.store.database import Transaction


def add(tx: Transaction, chat_id: int, message_id: int, user_id: int, data: str) -> str:
    """Returns the callback query's id."""
    press_id = str(secrets.randbits(62))
    pressed_at = int(time.time())
    tx.execute(
        "INSERT INTO presses VALUES (?, ?, ?, ?, ?, ?, NULL)",
        press_id,
        chat_id,
        message_id,
        user_id,
        data,
        pressed_at,
    )
    messages.note_edited(tx, chat_id, message_id)
    return press_id


def answer(tx: Transaction, press_id: str, shown: dict[str, Any]) -> bool:
    """False when there is no such press, or it was answered already, or too long ago."""
    row = tx.row(
        "SELECT * FROM presses WHERE id = ? AND answered_at IS NULL AND pressed_at > ?",
        press_id,
        messages.oldest_answerable_press(),
    )
    if row is None:
        return False
    tx.execute("UPDATE presses SET answered_at = ? WHERE id = ?", int(time.time()), press_id)
    where = {name: row[name] for name in ("chat_id", "message_id", "user_id", "data")}
    tx.note("answer", **where, **shown)
    messages.note_edited(tx, row["chat_id"], row["message_id"])
    return True
