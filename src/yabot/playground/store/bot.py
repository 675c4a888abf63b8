"""The one bot of the playground, and the commands of its menu."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

from yabot.playground.store.database import Transaction, to_json


@dataclass(frozen=True)
class Bot:
    id: int
    token: str
    first_name: str
    username: str

    def as_user(self) -> dict[str, Any]:
        """Telegram's User object."""
        return {
            "id": self.id,
            "is_bot": True,
            "first_name": self.first_name,
            "username": self.username,
        }


def load(tx: Transaction) -> Bot | None:
    row = tx.row("SELECT id, token, first_name, username FROM bot")
    return None if row is None else Bot(**dict(row))


def current(tx: Transaction) -> Bot:
    bot = load(tx)
    if bot is None:
        raise RuntimeError("the playground's store has no bot")
    return bot


def create(tx: Transaction) -> Bot:
    """Ids begin at random numbers: a bot that remembers updates of an older store of this
    playground must not take new ones for those.
    """
    bot = Bot(
        id=7_000_000_000 + secrets.randbelow(900_000_000),
        token="",
        first_name="YABOT",
        username="yabot_playground_bot",
    )
    token = f"{bot.id}:{secrets.token_urlsafe(26)}"
    tx.execute("INSERT INTO bot VALUES (?, ?, ?, ?)", bot.id, token, bot.first_name, bot.username)
    first_update = 100_000_000 + secrets.randbelow(800_000_000)
    tx.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('updates', ?)", first_update)
    return current(tx)


def rename(tx: Transaction, first_name: str) -> None:
    tx.execute("UPDATE bot SET first_name = ?", first_name)


def commands(tx: Transaction, scope: str, language_code: str) -> list[dict[str, str]] | None:
    """The commands set for exactly this scope and language, or None."""
    row = tx.row(
        "SELECT body FROM commands WHERE scope = ? AND language_code = ?", scope, language_code
    )
    return None if row is None else list(json.loads(row["body"]))


def set_commands(
    tx: Transaction, scope: str, language_code: str, listed: list[dict[str, str]]
) -> None:
    tx.execute(
        "INSERT OR REPLACE INTO commands VALUES (?, ?, ?)", scope, language_code, to_json(listed)
    )
    tx.note("commands")


def delete_commands(tx: Transaction, scope: str, language_code: str) -> None:
    tx.execute("DELETE FROM commands WHERE scope = ? AND language_code = ?", scope, language_code)
    tx.note("commands")


def commands_shown_in(tx: Transaction, chat_id: int, language_code: str) -> list[dict[str, str]]:
    """What the menu in the chat holds: the narrowest scope wins, then the user's language."""
    kind = "all_private_chats" if chat_id > 0 else "all_group_chats"
    for scope in (f"chat:{chat_id}", kind, "default"):
        for language in (language_code, ""):
            listed = commands(tx, scope, language)
            if listed:
                return listed
    return []
