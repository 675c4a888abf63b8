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
        "commands": bot.commands_shown_in(tx, user_id, person["language_code"] or ""),
    }


def present_group(tx: Transaction, chat_id: int) -> sqlite3.Row:
    row = people.chat(tx, chat_id)
    if row is None or row["type"] == "private":
        raise Refused(404, f"There is no group {chat_id}.")
    return row


def all_groups(tx: Transaction) -> list[Json]:
    return [_group(tx, row) for row in people.groups(tx)]


def one_group(tx: Transaction, chat_id: int) -> Json:
    return _group(tx, present_group(tx, chat_id))


def group_chat(tx: Transaction, chat_id: int) -> Json:
    """As ``chat``, of a group."""
    return {
        "group": one_group(tx, chat_id),
        "messages": messages.history(tx, chat_id, LONGEST_HISTORY),
        "commands": bot.commands_shown_in(tx, chat_id, ""),
    }


def the_bot(tx: Transaction) -> Json:
    """Never with the token: the page has no use for it."""
    return bot.current(tx).as_user()


def _person(tx: Transaction, row: sqlite3.Row) -> Json:
    status = people.member_status(tx, row["id"], bot.current(tx).id)
    shown = people.as_user(row)
    return {
        **shown,
        "has_started": status is not None,
        "has_blocked": status == "kicked",
        "stars": row["stars"],
    }


def _group(tx: Transaction, row: sqlite3.Row) -> Json:
    members = [people.as_user(person) for person in people.members(tx, row["id"])]
    status = people.member_status(tx, row["id"], bot.current(tx).id)
    shown = {"id": row["id"], "title": row["title"], "members": members}
    return {**shown, "has_bot": status == "member"}
