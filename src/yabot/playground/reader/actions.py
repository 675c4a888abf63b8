"""What a user can do in the chat; each becomes an update for the bot in the same commit."""

import time
from typing import Any

from yabot.playground import emoji
from yabot.playground.bot_api import text, utf16
from yabot.playground.bot_api.chats import member
from yabot.playground.bot_api.visible import is_visible
from yabot.playground.reader import views
from yabot.playground.reader.errors import Refused
from yabot.playground.store import bot, messages, people, presses, reactions, updates
from yabot.playground.store.database import Transaction

Json = dict[str, Any]


def send(tx: Transaction, user_id: int, written: str) -> Json:
    """The user's message, as Telegram tells the bot of it."""
    content = text_of(written)
    message = say(tx, user_id, content.as_content())
    _put_one_time_keyboard_away(tx, user_id, content.text)
    return message


def say(tx: Transaction, user_id: int, content: Json) -> Json:
    """Like ``send``, with any content of Telegram's Message."""
    person = views.present_user(tx, user_id)
    refuse_while_blocked(tx, user_id)
    people.open_private_chat(tx, user_id, bot.current(tx).id)
    message = messages.add(tx, user_id, people.as_user(person), content)
    updates.add(tx, "message", message)
    return message


def press(tx: Transaction, user_id: int, message_id: int, data: str) -> None:
    person = views.present_user(tx, user_id)
    refuse_while_blocked(tx, user_id)
    add_press(tx, user_id, people.as_user(person), message_id, data)


def add_press(tx: Transaction, chat_id: int, presser: Json, message_id: int, data: str) -> None:
    message = message_of(tx, chat_id, message_id)
    if not messages.can_be_pressed(tx, chat_id, message_id, data):
        raise Refused(404, f"Message {message_id} has no button with the data {data!r}.")
    query = {
        "id": presses.add(tx, chat_id, message_id, presser["id"], data),
        "from": presser,
        "message": message,
        "chat_instance": str(chat_id),
        "data": data,
    }
    updates.add(tx, "callback_query", query)


def react(tx: Transaction, user_id: int, message_id: int, chosen: str | None) -> None:
    """``None`` takes the reaction back; the same one again changes nothing."""
    person = views.present_user(tx, user_id)
    refuse_while_blocked(tx, user_id)
    if chosen is not None and chosen not in emoji.REACTIONS:
        raise Refused(400, f"Telegram has no reaction {chosen!r}.")
    message = message_of(tx, user_id, message_id)
    before = reactions.of(tx, user_id, message_id, user_id)
    if chosen == before:
        return
    reactions.put(tx, user_id, message_id, user_id, chosen)
    changed = {
        "chat": message["chat"],
        "message_id": message_id,
        "user": people.as_user(person),
        "date": int(time.time()),
        "old_reaction": _reaction_types(before),
        "new_reaction": _reaction_types(chosen),
    }
    updates.add(tx, "message_reaction", changed)


def set_blocked(tx: Transaction, user_id: int, blocked: bool) -> None:
    """The bot gets one update; blocking a blocked bot changes nothing."""
    person = views.present_user(tx, user_id)
    the_bot = bot.current(tx)
    before = people.member_status(tx, user_id, the_bot.id)
    after = "kicked" if blocked else "member"
    if before is None:
        raise Refused(409, f"{person['first_name']} has not started the bot yet.")
    if after == before:
        return
    people.set_member(tx, user_id, the_bot.id, after)
    tx.note("users")
    changed = {
        "chat": people.as_chat(person),
        "from": people.as_user(person),
        "date": int(time.time()),
        "old_chat_member": member(the_bot.as_user(), before),
        "new_chat_member": member(the_bot.as_user(), after),
    }
    updates.add(tx, "my_chat_member", changed)


def refuse_while_blocked(tx: Transaction, user_id: int) -> None:
    if people.member_status(tx, user_id, bot.current(tx).id) == "kicked":
        raise Refused(409, "The bot is blocked: unblock it first.")


def message_of(tx: Transaction, chat_id: int, message_id: int) -> Json:
    message = messages.find(tx, chat_id, message_id)
    if message is None:
        raise Refused(404, f"There is no message {message_id} in this chat.")
    return message


def text_of(written: str) -> text.Text:
    if not is_visible(written):
        raise Refused(400, "The message is empty.")
    if utf16.length(written.strip()) > text.LONGEST_TEXT:
        raise Refused(400, f"The message is longer than {text.LONGEST_TEXT} characters.")
    return text.checked(written, [])


def _put_one_time_keyboard_away(tx: Transaction, user_id: int, said: str) -> None:
    keyboard = people.reply_keyboard(tx, user_id) or {}
    labels = {button["text"] for row in keyboard.get("keyboard", []) for button in row}
    if keyboard.get("force_reply") or (keyboard.get("one_time_keyboard") and said in labels):
        people.set_reply_keyboard(tx, user_id, None)


def _reaction_types(chosen: str | None) -> list[Json]:
    return [] if chosen is None else [{"type": "emoji", "emoji": chosen}]
