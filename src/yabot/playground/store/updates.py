"""The queue of updates: kept until the bot confirms them by asking for later ones."""

import json
from typing import Any

from aiogram.types import Update

from yabot.playground.store import settings
from yabot.playground.store.database import Transaction, to_json

Json = dict[str, Any]

# Telegram sends these only to bots that ask for them by name.
ONLY_ON_REQUEST = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

# How far ahead an offset may be, as with Telegram; one beyond that confirms nothing.
FURTHEST_AHEAD = 10


def add(tx: Transaction, kind: str, body: Json) -> None:
    """Queues the update if the bot wants this kind; aiogram must be able to read it."""
    if not _is_wanted(tx, kind):
        return
    update_id = tx.execute("INSERT INTO updates (body) VALUES ('')").lastrowid
    update = {"update_id": update_id, kind: body}
    Update.model_validate(update)
    tx.execute("UPDATE updates SET body = ? WHERE update_id = ?", to_json(update), update_id)
    tx.has_new_updates = True


def add_as_it_is(tx: Transaction, raw: Any) -> int:
    """Queue anything, wanted or not, readable or not; returns the number under which it is queued.

    An object gets that number as its ``update_id`` unless it brings one of its own.
    """
    number = int(tx.execute("INSERT INTO updates (body) VALUES ('')").lastrowid or 0)
    update = {"update_id": number, **raw} if isinstance(raw, dict) else raw
    # In ASCII, because it may hold a lone surrogate, which UTF-8 cannot encode.
    tx.execute("UPDATE updates SET body = ? WHERE update_id = ?", json.dumps(update), number)
    tx.has_new_updates = True
    return number


def take(tx: Transaction, offset: int, limit: int) -> list[Any]:
    """Deletes what ``offset`` confirms and returns at most ``limit`` of the rest, oldest first.

    A negative offset keeps only the last ``-offset`` updates.
    """
    if offset < 0:
        _keep_last(tx, -offset)
    elif offset <= _next_id(tx) + FURTHEST_AHEAD:
        tx.execute("DELETE FROM updates WHERE update_id < ?", offset)
    rows = tx.rows("SELECT body FROM updates ORDER BY update_id LIMIT ?", limit)
    return [json.loads(row["body"]) for row in rows]


def later_than(tx: Transaction, number: int) -> list[tuple[int, Any]]:
    """What was queued after ``number`` and is not confirmed, each with its number, oldest first."""
    rows = tx.rows(
        "SELECT update_id, body FROM updates WHERE update_id > ? ORDER BY update_id", number
    )
    return [(row["update_id"], json.loads(row["body"])) for row in rows]


def is_pending(tx: Transaction, update_id: int) -> bool:
    return tx.row("SELECT 1 FROM updates WHERE update_id = ?", update_id) is not None


def confirm(tx: Transaction, update_id: int) -> None:
    tx.execute("DELETE FROM updates WHERE update_id = ?", update_id)


def count(tx: Transaction) -> int:
    return int(tx.rows("SELECT count(*) FROM updates")[0][0])


def drop_all(tx: Transaction) -> None:
    tx.execute("DELETE FROM updates")


def asked_kinds(given: Any) -> list[str] | None:
    """The kinds that the bot asks for. None, as for anything but a list, leaves its last choice."""
    if not isinstance(given, list) or not all(isinstance(kind, str) for kind in given):
        return None
    return [kind.lower() for kind in given]


def set_allowed(tx: Transaction, kinds: list[str]) -> None:
    """An empty list means Telegram's default: all but those ``ONLY_ON_REQUEST``."""
    settings.write(tx, "allowed_updates", kinds)


def allowed(tx: Transaction) -> list[str]:
    return list(settings.read(tx, "allowed_updates") or [])


def _is_wanted(tx: Transaction, kind: str) -> bool:
    kinds = allowed(tx)
    return kind in kinds if kinds else kind not in ONLY_ON_REQUEST


def _keep_last(tx: Transaction, number: int) -> None:
    tx.execute(
        "DELETE FROM updates WHERE update_id NOT IN"
        " (SELECT update_id FROM updates ORDER BY update_id DESC LIMIT ?)",
        number,
    )


def _next_id(tx: Transaction) -> int:
    (row,) = tx.rows("SELECT seq FROM sqlite_sequence WHERE name = 'updates'")
    return int(row["seq"]) + 1
