"""Messages, chat actions and reactions from the bot."""

from typing import Any, Literal, get_args

from yabot.playground import emoji
from yabot.playground.bot_api import access, keyboards, text
from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params, whole_number
from yabot.playground.store import bot, messages, people, reactions
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

ChatAction = Literal[
    "cancel",
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_audio",
    "record_voice",
    "upload_audio",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "pick_up_location",
    "find_location",
    "record_video_note",
    "upload_video_note",
]


def send_message(tx: Transaction, params: Params) -> Json:
    if not params.text("text"):
        raise bad_request("message text is empty")
    return deliver(tx, params, text.from_params(params).as_content())


def deliver(tx: Transaction, params: Params, content: Json) -> Json:
    """The message with this content and with what every sending method takes."""
    markup = keyboards.from_params(params)
    chat_id = access.writable_chat(tx, params)
    content |= _reply(tx, chat_id, params) | _topic(tx, chat_id, params)
    if params.flag("protect_content"):
        content["has_protected_content"] = True
    silent = params.flag("disable_notification")
    sender = bot.current(tx).as_user()
    message = messages.add(tx, chat_id, sender, content | markup.as_content(), silent=silent)
    if markup.reply or markup.removes_reply:
        people.set_reply_keyboard(tx, chat_id, markup.reply)
    return message


def send_chat_action(tx: Transaction, params: Params) -> bool:
    action = params.text("action").lower()
    if action not in get_args(ChatAction):
        raise bad_request("wrong parameter action in request")
    tx.note("typing", chat_id=access.writable_chat(tx, params), action=action)
    return True


def set_message_reaction(tx: Transaction, params: Params) -> bool:
    chosen = _reaction(params)
    message = access.known_message(tx, params, "message to react")
    chat_id, message_id = message["chat"]["id"], message["message_id"]
    reactions.put(tx, chat_id, message_id, bot.current(tx).id, chosen)
    return True


def _reaction(params: Params) -> str | None:
    given = params.parsed("reaction", "reaction types") or []
    if not isinstance(given, list) or not all(isinstance(kind, dict) for kind in given):
        raise bad_request("expected an Array of ReactionType")
    if len(given) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if not given:
        return None
    chosen = given[0].get("emoji")
    is_known = isinstance(chosen, str) and chosen in emoji.REACTIONS
    if given[0].get("type") != "emoji" or not is_known:
        raise bad_request("REACTION_INVALID")
    return str(chosen)


def _topic(tx: Transaction, chat_id: int, params: Params) -> Json:
    topic = params.integer("message_thread_id")
    if not topic:
        return {}
    if not messages.opens_topic(tx, chat_id, topic):
        raise bad_request("message thread not found")
    return {"message_thread_id": topic, "is_topic_message": True}


def _reply(tx: Transaction, chat_id: int, params: Params) -> Json:
    asked = params.parsed("reply_parameters", "reply parameters") or {}
    if not isinstance(asked, dict):
        raise bad_request("object expected as reply parameters")
    message_id = _replied_to(asked) or params.integer("reply_to_message_id")
    if not message_id:
        return {}
    replied = messages.find(tx, chat_id, message_id)
    if replied is not None:
        return {"reply_to_message": {k: v for k, v in replied.items() if k != "reply_to_message"}}
    if asked.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply"):
        return {}
    raise bad_request("message to be replied not found")


def _replied_to(asked: Json) -> int:
    try:
        return whole_number(asked.get("message_id") or 0)
    except ValueError:
        raise bad_request('field "message_id" must be a valid Number') from None
