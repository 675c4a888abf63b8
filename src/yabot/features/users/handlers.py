"""The reader's own data: see it, delete it, know what it is for."""

import json
from html import escape

from aiogram import Router
from aiogram.enums import ChatMemberStatus
from aiogram.filters import Command
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.users.service import User, UserService

# Telegram takes 4096 characters; the tags and escapes need some of them.
CHUNK = 3500


def router() -> Router:
    routes = Router(name="users")
    routes.message.register(show_data, Command("mydata"))
    routes.message.register(ask_to_forget, Command("forget"))
    routes.message.register(explain_privacy, Command("privacy"))
    routes.callback_query.register(forget, Pressed("forget:yes"))
    routes.callback_query.register(keep, Pressed("forget:no"))
    routes.my_chat_member.register(note_membership)
    return routes


async def show_data(
    _message: Message, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    turn.interaction("mydata")
    turn.say(t("users-mydata"))
    text = json.dumps(await users.export(user.user_id), ensure_ascii=False, indent=1)
    for start in range(0, len(text), CHUNK):
        turn.say(f"<pre>{escape(text[start : start + CHUNK], quote=False)}</pre>")


async def ask_to_forget(
    _message: Message, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    turn.interaction("forget")
    answers = [("users-forget-yes", "forget:yes"), ("users-forget-no", "forget:no")]
    question = [t("users-forget-ask"), *await users.losses(user.user_id, t)]
    turn.say("\n\n".join(question), [[(t(key), data)] for key, data in answers])


async def forget(
    _query: CallbackQuery, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    turn.interaction("forget_confirmed")
    turn.acknowledge()
    turn.drop_pressed()
    users.delete(turn.work, user, "requested_by_user")
    turn.say(t("users-forgotten"))


async def keep(_query: CallbackQuery, turn: Turn, t: Localizer) -> None:
    turn.interaction("forget_declined")
    turn.acknowledge()
    turn.drop_pressed()
    turn.say(t("users-forget-kept"))


async def explain_privacy(_message: Message, turn: Turn, t: Localizer) -> None:
    turn.interaction("privacy")
    turn.say(t("users-privacy"))


async def note_membership(
    change: ChatMemberUpdated, turn: Turn, user: User, users: UserService
) -> None:
    """The reader blocked the bot, or came back."""
    turn.operation = "membership"
    is_active = change.new_chat_member.status == ChatMemberStatus.MEMBER
    if is_active != user.profile.is_active:
        users.update_profile(turn.work, user, {"is_active": is_active})
