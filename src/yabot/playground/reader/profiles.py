"""Who is there to chat: people come, change their names and go."""

from typing import Any

from yabot.playground.reader import views
from yabot.playground.store import people
from yabot.playground.store.database import Transaction

Json = dict[str, Any]


def add(
    tx: Transaction,
    first_name: str,
    last_name: str | None,
    username: str | None,
    language_code: str | None,
) -> Json:
    return views.one_user(tx, people.add_user(tx, first_name, last_name, username, language_code))


def change(tx: Transaction, user_id: int, fields: dict[str, str | int | None]) -> Json:
    """``fields`` holds what changes: first_name, last_name, username, language_code, stars."""
    views.present_user(tx, user_id)
    people.change_user(tx, user_id, **fields)
    return views.one_user(tx, user_id)


def remove(tx: Transaction, user_id: int) -> None:
    views.present_user(tx, user_id)
    people.remove_user(tx, user_id)
