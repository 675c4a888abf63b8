"""Reactions: at most one of each user, or the bot, on a message."""

from yabot.playground.store import messages
from yabot.playground.store.database import Transaction


def of(tx: Transaction, chat_id: int, message_id: int, user_id: int) -> str | None:
    row = tx.row(
        "SELECT emoji FROM reactions WHERE chat_id = ? AND message_id = ? AND user_id = ?",
        chat_id,
        message_id,
        user_id,
    )
    return None if row is None else str(row["emoji"])


def put(tx: Transaction, chat_id: int, message_id: int, user_id: int, emoji: str | None) -> None:
    """``None`` takes the reaction back."""
    where = (chat_id, message_id, user_id)
    tx.execute("DELETE FROM reactions WHERE chat_id = ? AND message_id = ? AND user_id = ?", *where)
    if emoji is not None:
        tx.execute("INSERT INTO reactions VALUES (?, ?, ?, ?)", *where, emoji)
    messages.note_edited(tx, chat_id, message_id)
