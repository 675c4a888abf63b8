"""What the page reads: people, chats and the bot, as JSON."""

import sqlite3
from typing import Any

from yabot.playground.reader.errors import Refused
from yabot.playground.store import bot, messages, people
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

LONGEST_HISTORY = 500


def present_user(tx: Transaction, user_id: int) -> sqlite3.Row:
    person = people.user(tx, user_id)
    if person is None or person["is_removed"]:
        raise Refused(404, f"There is no user {user_id}.")
    return person


def everybody(tx: Transaction) -> list[Json]:
    return [_person(tx, row) for row in people.present_users(tx)]


def one_user(tx: Transaction, user_id: int) -> Json:
    return _person(tx, present_user(tx, user_id))


def chat(tx: Transaction, user_id: int) -> Json:
    """The last messages, oldest first, and what surrounds them."""
    person = present_user(tx, user_id)
    return {
        "user": _person(tx, person),
        "messages": messages.history(tx, user_id, LONGEST_HISTORY),
        "reply_keyboard": people.reply_keyboard(tx, user_id),
        "commands": bot.commands_shown_to(tx, user_id, person["language_code"] or ""),
    }


def the_bot(tx: Transaction) -> Json:
    """Never with the token: the page has no use for it."""
    return bot.current(tx).as_user()


def _person(tx: Transaction, row: sqlite3.Row) -> Json:
    status = people.member_status(tx, row["id"], bot.current(tx).id)
    shown = people.as_user(row)
    return {**shown, "has_started": status is not None, "has_blocked": status == "kicked"}
