"""Small facts about the bot that Telegram remembers for it: JSON values by name."""

import json
from typing import Any

from yabot.playground.store.database import Transaction, to_json


def read(tx: Transaction, name: str) -> Any:
    """The value, or None when it was never set."""
    row = tx.row("SELECT value FROM settings WHERE name = ?", name)
    return None if row is None else json.loads(row["value"])


def write(tx: Transaction, name: str, value: Any) -> None:
    tx.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, to_json(value))


def remove(tx: Transaction, name: str) -> None:
    tx.execute("DELETE FROM settings WHERE name = ?", name)
