"""Groups: people and the bot in one chat. The bot keeps privacy mode, as Telegram's bots do."""

import time
from collections.abc import Sequence
from typing import Any

from yabot.playground.bot_api.chats import member
from yabot.playground.reader import actions, views
from yabot.playground.reader.errors import Refused
from yabot.playground.store import bot, messages, people, settings, updates
from yabot.playground.store.database import Transaction

Json = dict[str, Any]


def create(
    tx: Transaction,
    title: str,
    members: Sequence[int],
    *,
    with_bot: bool,
    bot_hears_all: bool = False,
) -> Json:
    """The first of ``members`` makes the group and adds the bot. With ``bot_hears_all`` the bot is
    an administrator: Telegram sends it every message.
    """
    if not members:
        raise Refused(400, "A group needs at least one reader.")
    for user_id in members:
        views.present_user(tx, user_id)
    chat_id = people.add_group(tx, title)
    for user_id in members:
        people.set_member(tx, chat_id, user_id, "member")
    settings.write(tx, _hears_all(chat_id), bot_hears_all)
    if with_bot:
        set_bot(tx, chat_id, members[0], is_member=True)
    return views.one_group(tx, chat_id)


def remove(tx: Transaction, chat_id: int) -> None:
    views.present_group(tx, chat_id)
    people.remove_group(tx, chat_id)


def set_bot(tx: Transaction, chat_id: int, user_id: int, *, is_member: bool) -> None:
    """``user_id`` adds the bot or removes it; nothing changes if that is so already."""
    sender = _sender(tx, chat_id, user_id)
    the_bot = bot.current(tx)
    before = people.member_status(tx, chat_id, the_bot.id) or "left"
    after = "member" if is_member else "kicked"
    if (before == "member") == is_member:
        return
    people.set_member(tx, chat_id, the_bot.id, after)
    changed = {
        "chat": people.chat_object(tx, chat_id),
        "from": sender,
        "date": int(time.time()),
        "old_chat_member": member(the_bot.as_user(), before),
        "new_chat_member": member(the_bot.as_user(), after),
    }
    updates.add(tx, "my_chat_member", changed)
    added = {"new_chat_members": [the_bot.as_user()], "new_chat_member": the_bot.as_user()}
    note = added if is_member else {"left_chat_member": the_bot.as_user()}
    message = messages.add(tx, chat_id, sender, note)
    if is_member:
        updates.add(tx, "message", message)
    tx.note("users")


def send(
    tx: Transaction,
    chat_id: int,
    user_id: int,
    written: str,
    reply_to: int | None = None,
    topic: int | None = None,
) -> Json:
    """The message; the bot gets it only if it is meant, or hears everything there.

    ``topic`` is the id of the message that opened the topic.
    """
    sender = _sender(tx, chat_id, user_id)
    content = actions.text_of(written).as_content()
    if reply_to is not None:
        replied = actions.message_of(tx, chat_id, reply_to)
        content["reply_to_message"] = {k: v for k, v in replied.items() if k != "reply_to_message"}
        # A chain of replies has a thread as well, which is no topic.
        content["message_thread_id"] = replied.get("message_thread_id", reply_to)
    if topic is not None:
        if not messages.opens_topic(tx, chat_id, topic):
            raise Refused(404, f"There is no topic {topic} in this group.")
        content |= {"message_thread_id": topic, "is_topic_message": True}
    message = messages.add(tx, chat_id, sender, content)
    the_bot = bot.current(tx)
    if people.member_status(tx, chat_id, the_bot.id) != "member":
        return message
    if settings.read(tx, _hears_all(chat_id)) or _is_meant(the_bot, message):
        updates.add(tx, "message", message)
    return message


def open_topic(tx: Transaction, chat_id: int, user_id: int, name: str) -> Json:
    """Telegram's service message about a new topic; its id is the topic's."""
    created = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
    return messages.add(tx, chat_id, _sender(tx, chat_id, user_id), created)


def press(tx: Transaction, chat_id: int, user_id: int, message_id: int, data: str) -> None:
    actions.add_press(tx, chat_id, _sender(tx, chat_id, user_id), message_id, data)


def _hears_all(chat_id: int) -> str:
    return f"bot_hears_all:{chat_id}"


def _sender(tx: Transaction, chat_id: int, user_id: int) -> Json:
    views.present_group(tx, chat_id)
    person = views.present_user(tx, user_id)
    if people.member_status(tx, chat_id, user_id) != "member":
        raise Refused(403, f"{person['first_name']} is not in this group.")
    return people.as_user(person)


def _is_meant(the_bot: bot.Bot, message: Json) -> bool:
    """Commands, unless they name another bot, and replies to what the bot said."""
    if message.get("reply_to_message", {}).get("from", {}).get("id") == the_bot.id:
        return True
    first: Json = next(iter(message.get("entities", [])), {})
    if first.get("type") != "bot_command" or first["offset"] != 0:
        return False
    _, _, addressee = str(message["text"])[: first["length"]].partition("@")
    return addressee.lower() in {"", the_bot.username.lower()}
