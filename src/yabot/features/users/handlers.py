"""The reader's own data: see it, delete it, know what it is for."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiogram import Router
from aiogram.enums import ChatMemberStatus
from aiogram.filters import Command
from aiogram.types import CallbackQuery, ChatMemberUpdated, Message

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.users.notices import SWITCH_OFF, SWITCH_ON
from yabot.features.users.privacy import privacy_page
from yabot.features.users.service import User, UserService


def router() -> Router:
    routes = Router(name="users")
    routes.message.register(show_data, Command("mydata"))
    routes.message.register(ask_to_forget, Command("forget"))
    routes.message.register(explain_privacy, Command("privacy"))
    routes.message.register(tell_of_notices, Command("notices"))
    routes.callback_query.register(switch_notices, Pressed(f"{SWITCH_OFF}|{SWITCH_ON}"))
    routes.callback_query.register(forget, Pressed("forget:yes"))
    routes.callback_query.register(keep, Pressed("forget:no"))
    routes.my_chat_member.register(note_membership)
    return routes


async def show_data(
    _message: Message, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    turn.interaction("mydata")
    if await users.has_file_under_way(turn.chat_id):
        turn.reject("under_way")
        turn.say(t("users-mydata-under-way"))
        return
    # The export is read part by part: of a user deleted meanwhile nothing is sent or kept.
    users.guard_known(turn.work, user.user_id)
    exported = await users.export(user.user_id)
    # In a thread, because it may be long and other readers must not wait for it.
    text = await asyncio.to_thread(_in_lines, exported)
    turn.attach("mydata.json", text, t("users-mydata"))


def _in_lines(exported: Mapping[str, Any]) -> str:
    """JSON with a line for each part, and for each item of a list. The encoder in C, which lets
    others go on, knows no indentation."""
    parts = (f"{json.dumps(name)}: {_part(value)}" for name, value in exported.items())
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _part(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False)
    items = (json.dumps(item, ensure_ascii=False) for item in value)
    return "[\n" + ",\n".join(f"  {item}" for item in items) + "\n]"


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
    await users.forget(turn.work, user, "requested_by_user")
    turn.say(t("users-forgotten"))


async def keep(_query: CallbackQuery, turn: Turn, t: Localizer) -> None:
    turn.decline("forget_declined", t("users-forget-kept"))


async def explain_privacy(_message: Message, turn: Turn, t: Localizer, users: UserService) -> None:
    turn.interaction("privacy")
    turn.say(privacy_page(users.privacy, t))


async def tell_of_notices(
    _message: Message, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    turn.interaction("notices")
    _say_of_notices(turn, t, is_on=(await users.state(user)).preferences.notifications_enabled)


async def switch_notices(
    query: CallbackQuery, turn: Turn, user: User, t: Localizer, users: UserService
) -> None:
    is_on = query.data == SWITCH_ON
    turn.interaction("notices_on" if is_on else "notices_off")
    turn.acknowledge()
    if (await users.state(user)).preferences.notifications_enabled != is_on:
        users.update_preferences(turn.work, user, {"notifications_enabled": is_on})
    _say_of_notices(turn, t, is_on=is_on)


def _say_of_notices(turn: Turn, t: Localizer, *, is_on: bool) -> None:
    text, other, data = (
        ("users-notices-are-on", "users-notices-off", SWITCH_OFF)
        if is_on
        else ("users-notices-are-off", "users-notices-on", SWITCH_ON)
    )
    turn.say(t(text), [[(t(other), data)]])


async def note_membership(
    change: ChatMemberUpdated, turn: Turn, user: User, users: UserService
) -> None:
    """The reader blocked the bot, or came back."""
    turn.operation = "membership"
    is_active = change.new_chat_member.status == ChatMemberStatus.MEMBER
    if is_active != user.profile.is_active:
        users.update_profile(turn.work, user, {"is_active": is_active})
