"""Users and their chats with the bot. A private chat has its user's id, as in Telegram."""

import json
import secrets
import sqlite3
from typing import Any

from yabot.playground.store import settings
from yabot.playground.store.database import Transaction, to_json

Json = dict[str, Any]

LOWEST_REMOVED_GROUP = "lowest_removed_group"


def user(tx: Transaction, user_id: int) -> sqlite3.Row | None:
    """The row, also of a removed user; None if there never was one."""
    return tx.row("SELECT * FROM users WHERE id = ?", user_id)


def present_users(tx: Transaction) -> list[sqlite3.Row]:
    return tx.rows("SELECT * FROM users WHERE NOT is_removed ORDER BY id")


def add_user(
    tx: Transaction,
    first_name: str,
    last_name: str | None,
    username: str | None,
    language_code: str | None,
) -> int:
    highest = tx.rows("SELECT max(id) AS id FROM users")[0]["id"]
    user_id = int(highest or 200_000_000 + secrets.randbelow(500_000_000)) + 1
    tx.execute(
        "INSERT INTO users (id, first_name, last_name, username, language_code)"
        " VALUES (?, ?, ?, ?, ?)",
        user_id,
        first_name,
        last_name,
        username,
        language_code,
    )
    tx.note("users")
    return user_id


def change_user(tx: Transaction, user_id: int, **fields: str | int | None) -> None:
    """``fields``: first_name, last_name, username, language_code, stars."""
    for name, value in fields.items():
        tx.execute(f"UPDATE users SET {name} = ? WHERE id = ?", value, user_id)  # noqa: S608
    tx.note("users")


def remove_user(tx: Transaction, user_id: int) -> None:
    """Delete the chat; the user's row stays, so that nobody else gets the id."""
    tx.execute("DELETE FROM chats WHERE id = ? AND type = 'private'", user_id)
    tx.execute("UPDATE users SET is_removed = 1 WHERE id = ?", user_id)
    tx.note("users")


def chat(tx: Transaction, chat_id: int) -> sqlite3.Row | None:
    return tx.row("SELECT * FROM chats WHERE id = ?", chat_id)


def open_private_chat(tx: Transaction, user_id: int, bot_id: int) -> None:
    """Create the private chat if it is missing, as the user's first message does."""
    made = tx.execute("INSERT OR IGNORE INTO chats (id, type) VALUES (?, 'private')", user_id)
    if made.rowcount:
        set_member(tx, user_id, user_id, "member")
        set_member(tx, user_id, bot_id, "member")
        tx.note("users")


def set_member(tx: Transaction, chat_id: int, user_id: int, status: str) -> None:
    tx.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", chat_id, user_id, status)


def member_status(tx: Transaction, chat_id: int, user_id: int) -> str | None:
    row = tx.row("SELECT status FROM members WHERE chat_id = ? AND user_id = ?", chat_id, user_id)
    return None if row is None else str(row["status"])


def reply_keyboard(tx: Transaction, chat_id: int) -> Json | None:
    row = chat(tx, chat_id)
    if row is None or row["reply_keyboard"] is None:
        return None
    keyboard: Json = json.loads(row["reply_keyboard"])
    return keyboard


def set_reply_keyboard(tx: Transaction, chat_id: int, keyboard: Json | None) -> None:
    stored = None if keyboard is None else to_json(keyboard)
    tx.execute("UPDATE chats SET reply_keyboard = ? WHERE id = ?", stored, chat_id)
    tx.note("keyboard", chat_id=chat_id, reply_keyboard=keyboard)


def groups(tx: Transaction) -> list[sqlite3.Row]:
    return tx.rows("SELECT * FROM chats WHERE type != 'private' ORDER BY id DESC")


def add_group(tx: Transaction, title: str) -> int:
    """The new group's id, as Telegram's supergroups have; never that of a removed group."""
    lowest = tx.rows("SELECT min(id) AS id FROM chats WHERE type != 'private'")[0]["id"]
    before = min(lowest or 0, _lowest_removed_group(tx))
    chat_id = (before or -1_001_000_000_000 - secrets.randbelow(500_000_000)) - 1
    tx.execute("INSERT INTO chats (id, type, title) VALUES (?, 'supergroup', ?)", chat_id, title)
    tx.note("users")
    return chat_id


def remove_group(tx: Transaction, chat_id: int) -> None:
    settings.write(tx, LOWEST_REMOVED_GROUP, min(chat_id, _lowest_removed_group(tx)))
    tx.execute("DELETE FROM chats WHERE id = ? AND type != 'private'", chat_id)
    tx.note("users")


def _lowest_removed_group(tx: Transaction) -> int:
    """0 while none was removed."""
    return int(settings.read(tx, LOWEST_REMOVED_GROUP) or 0)


def members(tx: Transaction, chat_id: int) -> list[sqlite3.Row]:
    """The users in the chat who are still there; never the bot."""
    return tx.rows(
        "SELECT users.* FROM members JOIN users ON users.id = members.user_id"
        " WHERE chat_id = ? AND status = 'member' AND NOT is_removed ORDER BY users.id",
        chat_id,
    )


def chat_object(tx: Transaction, chat_id: int) -> Json:
    """Telegram's Chat object of any chat that there is."""
    person = user(tx, chat_id)
    if person is not None:
        return as_chat(person)
    (row,) = tx.rows("SELECT id, title, type FROM chats WHERE id = ?", chat_id)
    return dict(row)


def as_user(row: sqlite3.Row) -> Json:
    """Telegram's User object; what is not known is left out."""
    known = ("id", "first_name", "last_name", "username", "language_code")
    shown = {name: row[name] for name in known if row[name] is not None}
    return {"is_bot": False, **shown}


def as_chat(row: sqlite3.Row) -> Json:
    """Telegram's Chat object of the user's private chat."""
    known = ("id", "first_name", "last_name", "username")
    shown = {name: row[name] for name in known if row[name] is not None}
    return {**shown, "type": "private"}
