"""What the bot may ask about chats and their members."""

from typing import Any

from yabot.playground.bot_api import access
from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.store import bot, people
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

# Telegram demands these of every chat; the playground has neither colours nor gifts.
NEUTRAL = {
    "accent_color_id": 0,
    "max_reaction_count": 1,
    "accepted_gift_types": {
        "unlimited_gifts": False,
        "limited_gifts": False,
        "unique_gifts": False,
        "premium_subscription": False,
        "gifts_from_channels": False,
    },
}


def get_chat(tx: Transaction, params: Params) -> Json:
    return {**people.chat_object(tx, access.known_chat(tx, params)), **NEUTRAL}


def get_chat_member(tx: Transaction, params: Params) -> Json:
    chat_id = access.known_chat(tx, params)
    user_id = params.integer("user_id")
    status = people.member_status(tx, chat_id, user_id)
    if status is None:
        raise bad_request("user not found")
    return member(_user(tx, user_id), status)


def get_chat_member_count(tx: Transaction, params: Params) -> int:
    chat_id = access.known_chat(tx, params)
    (row,) = tx.rows(
        "SELECT count(*) FROM members WHERE chat_id = ? AND status = 'member'", chat_id
    )
    return int(row[0])


def member(user: Json, status: str) -> Json:
    """Telegram's ChatMember."""
    banned_for_ever = {"until_date": 0} if status == "kicked" else {}
    return {"status": status, "user": user, **banned_for_ever}


def _user(tx: Transaction, user_id: int) -> Json:
    current = bot.current(tx)
    if user_id == current.id:
        return current.as_user()
    row = people.user(tx, user_id)
    if row is None:
        raise bad_request("user not found")
    return people.as_user(row)
