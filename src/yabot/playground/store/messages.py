"""Messages as Telegram words them, and as the reader's side sees them."""

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any

from yabot.playground.store import people
from yabot.playground.store.database import Transaction, to_json

Json = dict[str, Any]


# Telegram takes no answer to a press after some minutes; it does not say how many.
PRESS_LIFETIME_S = 600


def add(
    tx: Transaction, chat_id: int, sender: Json, content: Json, *, silent: bool = False
) -> Json:
    """Stores Telegram's Message made of ``content`` and returns it."""
    tx.execute("UPDATE chats SET last_message_id = last_message_id + 1 WHERE id = ?", chat_id)
    (counter,) = tx.rows("SELECT last_message_id FROM chats WHERE id = ?", chat_id)
    head = {"message_id": counter[0], "from": sender, "chat": people.chat_object(tx, chat_id)}
    message = {**head, "date": int(time.time()), **content}
    tx.execute(
        "INSERT INTO messages (chat_id, message_id, sender_id, body, buttons)"
        " VALUES (?, ?, ?, ?, ?)",
        chat_id,
        message["message_id"],
        sender["id"],
        to_json(message),
        to_json(sorted(_callback_data(message))),
    )
    tx.note("message", chat_id=chat_id, silent=silent, message=_shown(message, [], []))
    return message


def find(tx: Transaction, chat_id: int, message_id: int) -> Json | None:
    row = tx.row(
        "SELECT body FROM messages WHERE chat_id = ? AND message_id = ?", chat_id, message_id
    )
    return None if row is None else json.loads(row["body"])


def opens_topic(tx: Transaction, chat_id: int, message_id: int) -> bool:
    return "forum_topic_created" in (find(tx, chat_id, message_id) or {})


def replace(tx: Transaction, message: Json) -> None:
    chat_id, message_id = message["chat"]["id"], message["message_id"]
    buttons = _buttons_ever(tx, chat_id, message_id) | _callback_data(message)
    tx.execute(
        "UPDATE messages SET body = ?, buttons = ? WHERE chat_id = ? AND message_id = ?",
        to_json(message),
        to_json(sorted(buttons)),
        chat_id,
        message_id,
    )
    note_edited(tx, chat_id, message_id)


def remove(tx: Transaction, chat_id: int, message_id: int) -> bool:
    gone = tx.execute(
        "DELETE FROM messages WHERE chat_id = ? AND message_id = ?", chat_id, message_id
    )
    if gone.rowcount:
        tx.note("deleted", chat_id=chat_id, message_id=message_id)
    return bool(gone.rowcount)


def history(tx: Transaction, chat_id: int, limit: int) -> list[Json]:
    """The last ``limit`` messages, oldest first, each with its reactions and pending buttons."""
    rows = tx.rows(
        "SELECT body FROM messages WHERE chat_id = ? ORDER BY message_id DESC LIMIT ?",
        chat_id,
        limit,
    )
    reactions = _by_message(_reactions(tx, chat_id))
    waiting = _by_message(_waiting_presses(tx, chat_id))
    bodies = [json.loads(row["body"]) for row in reversed(rows)]
    return [
        _shown(body, reactions.get(body["message_id"], []), waiting.get(body["message_id"], []))
        for body in bodies
    ]


def note_edited(tx: Transaction, chat_id: int, message_id: int) -> None:
    """Tell open pages how the message looks now."""
    message = find(tx, chat_id, message_id)
    if message is None:
        return
    reactions = _by_message(_reactions(tx, chat_id)).get(message_id, [])
    waiting = _by_message(_waiting_presses(tx, chat_id)).get(message_id, [])
    tx.note("edited", chat_id=chat_id, message=_shown(message, reactions, waiting))


def can_be_pressed(tx: Transaction, chat_id: int, message_id: int, data: str) -> bool:
    """Also if an edit has removed the button: a client may not have heard of the edit yet."""
    return data in _buttons_ever(tx, chat_id, message_id)


def oldest_answerable_press() -> int:
    """Unix seconds; a press before that can no longer be answered."""
    return int(time.time()) - PRESS_LIFETIME_S


def _shown(message: Json, reactions: Iterable[sqlite3.Row], waiting: Iterable[sqlite3.Row]) -> Json:
    return {
        **message,
        "reactions": [{"user_id": row["user_id"], "emoji": row["emoji"]} for row in reactions],
        "pending": sorted({row["data"] for row in waiting}),
    }


def _reactions(tx: Transaction, chat_id: int) -> list[sqlite3.Row]:
    return tx.rows("SELECT message_id, user_id, emoji FROM reactions WHERE chat_id = ?", chat_id)


def _waiting_presses(tx: Transaction, chat_id: int) -> list[sqlite3.Row]:
    return tx.rows(
        "SELECT message_id, data FROM presses"
        " WHERE chat_id = ? AND answered_at IS NULL AND pressed_at > ?",
        chat_id,
        oldest_answerable_press(),
    )


def _by_message(rows: Iterable[sqlite3.Row]) -> dict[int, list[sqlite3.Row]]:
    grouped: dict[int, list[sqlite3.Row]] = {}
    for row in rows:
        grouped.setdefault(row["message_id"], []).append(row)
    return grouped


def _buttons_ever(tx: Transaction, chat_id: int, message_id: int) -> set[str]:
    row = tx.row(
        "SELECT buttons FROM messages WHERE chat_id = ? AND message_id = ?", chat_id, message_id
    )
    return set() if row is None else set(json.loads(row["buttons"]))


def _callback_data(message: Json) -> set[str]:
    rows: list[list[Json]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["callback_data"] for row in rows for button in row if "callback_data" in button}
