"""Which chat and which message a method means, and whether the bot may touch them."""

from typing import Any

from yabot.playground.bot_api.errors import bad_request, forbidden
from yabot.playground.bot_api.params import Params
from yabot.playground.store import bot, messages, people
from yabot.playground.store.database import Transaction

Json = dict[str, Any]


def known_chat(tx: Transaction, params: Params) -> int:
    """The id of a chat that the bot has seen."""
    given = params.text("chat_id")
    if not given:
        raise bad_request("chat_id is empty")
    chat_id = params.integer("chat_id")
    if people.chat(tx, chat_id) is not None:
        return chat_id
    user = people.user(tx, chat_id)
    if user is not None and user["is_removed"]:
        raise forbidden("user is deactivated")
    raise bad_request("chat not found")


def writable_chat(tx: Transaction, params: Params) -> int:
    """The id of a chat that takes messages from the bot."""
    chat_id = known_chat(tx, params)
    status = people.member_status(tx, chat_id, bot.current(tx).id)
    if status == "kicked" and chat_id > 0:
        raise forbidden("bot was blocked by the user")
    if status == "kicked":
        raise forbidden("bot was kicked from the supergroup chat")
    if status != "member":
        raise forbidden("bot is not a member of the supergroup chat")
    return chat_id


def own_message(tx: Transaction, params: Params) -> Json:
    """The bot's message that is to be edited."""
    message = known_message(tx, params, "message to edit")
    if message["from"]["id"] != bot.current(tx).id:
        raise bad_request("message can't be edited")
    return message


def known_message(tx: Transaction, params: Params, role: str) -> Json:
    """``role`` names the message in Telegram's refusal."""
    chat_id = known_chat(tx, params)
    if not params.text("message_id"):
        raise bad_request("message identifier is not specified")
    message = messages.find(tx, chat_id, params.integer("message_id"))
    if message is None:
        raise bad_request(f"{role} not found")
    return message
