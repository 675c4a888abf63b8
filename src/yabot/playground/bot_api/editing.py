"""Edits and deletions of what was sent."""

import time
from typing import Any

from yabot.playground.bot_api import access, keyboards, text
from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params, whole_number
from yabot.playground.store import messages
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

MOST_DELETED_AT_ONCE = 100

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup "
    "are exactly the same as a current content and reply markup of the message"
)


def edit_message_text(tx: Transaction, params: Params) -> Json:
    if not params.text("text"):
        raise bad_request("message text is empty")
    content = text.from_params(params).as_content()
    markup = keyboards.inline_from_params(params)
    message = access.own_message(tx, params)
    if "text" not in message:
        raise bad_request("there is no text in the message to edit")
    kept = {k: v for k, v in message.items() if k not in {"text", "entities", "reply_markup"}}
    return _store(tx, message, kept | content | markup.as_content())


def edit_message_caption(tx: Transaction, params: Params) -> Json:
    content = text.caption_from_params(params)
    markup = keyboards.inline_from_params(params)
    message = access.own_message(tx, params)
    if "text" in message or "invoice" in message:
        raise bad_request("there is no caption in the message to edit")
    replaced = {"caption", "caption_entities", "reply_markup"}
    kept = {k: v for k, v in message.items() if k not in replaced}
    return _store(tx, message, kept | content | markup.as_content())


def edit_message_reply_markup(tx: Transaction, params: Params) -> Json:
    markup = keyboards.inline_from_params(params)
    message = access.own_message(tx, params)
    kept = {k: v for k, v in message.items() if k != "reply_markup"}
    return _store(tx, message, kept | markup.as_content())


def delete_message(tx: Transaction, params: Params) -> bool:
    message = access.known_message(tx, params, "message to delete")
    return messages.remove(tx, message["chat"]["id"], message["message_id"])


def delete_messages(tx: Transaction, params: Params) -> bool:
    """Messages that do not exist are skipped, as Telegram does."""
    chat_id = access.known_chat(tx, params)
    given = params.parsed("message_ids", "message identifiers")
    if not isinstance(given, list) or not given:
        raise bad_request("message identifiers are not specified")
    if len(given) > MOST_DELETED_AT_ONCE:
        raise bad_request("too many message identifiers specified")
    for message_id in given:
        messages.remove(tx, chat_id, _identifier(message_id))
    return True


def _identifier(given: Any) -> int:
    try:
        return whole_number(given)
    except ValueError:
        raise bad_request("message identifier must be a Number") from None


def _store(tx: Transaction, before: Json, after: Json) -> Json:
    if after == before:
        raise bad_request(NOT_MODIFIED)
    edited = {**after, "edit_date": int(time.time())}
    messages.replace(tx, edited)
    return edited
