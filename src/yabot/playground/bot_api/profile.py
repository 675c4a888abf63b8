"""What the bot tells of itself: its user, names, descriptions and commands."""

import re
from collections.abc import Callable
from typing import Any

from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.store import bot, settings
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

MOST_COMMANDS = 100
LONGEST = {"name": 64, "description": 512, "short_description": 120}
ONE_CHAT_SCOPES = frozenset({"chat", "chat_administrators", "chat_member"})
WIDE_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
)


def get_me(tx: Transaction, _params: Params) -> Json:
    abilities = (
        "can_read_all_group_messages",
        "supports_inline_queries",
        "can_connect_to_business",
        "has_main_web_app",
    )
    return {**bot.current(tx).as_user(), "can_join_groups": True, **dict.fromkeys(abilities, False)}


def set_my_commands(tx: Transaction, params: Params) -> bool:
    given = params.parsed("commands", "commands")
    if not isinstance(given, list):
        raise bad_request("expected an Array of BotCommand")
    if len(given) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    listed = [_command(command) for command in given]
    bot.set_commands(tx, _scope(params), params.text("language_code"), listed)
    return True


def get_my_commands(tx: Transaction, params: Params) -> list[dict[str, str]]:
    return bot.commands(tx, _scope(params), params.text("language_code")) or []


def delete_my_commands(tx: Transaction, params: Params) -> bool:
    bot.delete_commands(tx, _scope(params), params.text("language_code"))
    return True


def setter(field: str) -> Callable[[Transaction, Params], bool]:
    """The method that sets the bot's ``field``, one text for each language."""

    def set_text(tx: Transaction, params: Params) -> bool:
        value, language = params.text(field), params.text("language_code")
        if len(value) > LONGEST[field]:
            raise bad_request(f"BOT_{field.upper()}_TOO_LONG")
        if value:
            settings.write(tx, f"{field}:{language}", value)
        else:
            settings.remove(tx, f"{field}:{language}")
        if field == "name" and value and not language:
            bot.rename(tx, value)
        tx.note("bot")
        return True

    return set_text


def getter(field: str) -> Callable[[Transaction, Params], Json]:
    """The method that tells the bot's ``field``, in the language asked for or in general."""

    def get_text(tx: Transaction, params: Params) -> Json:
        general = bot.current(tx).first_name if field == "name" else ""
        for language in (params.text("language_code"), ""):
            value = settings.read(tx, f"{field}:{language}")
            if value:
                return {field: value}
        return {field: general}

    return get_text


def _command(given: Any) -> dict[str, str]:
    if not isinstance(given, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    name = str(given.get("command") or "").removeprefix("/")
    description = str(given.get("description") or "").strip()
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": description}


def _scope(params: Params) -> str:
    """A key for the scope: its type and, for one chat, the ids."""
    given = params.parsed("scope", "BotCommandScope") or {"type": "default"}
    if not isinstance(given, dict):
        raise bad_request("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = str(given.get("type"))
    if kind in WIDE_SCOPES:
        return kind
    if kind not in ONE_CHAT_SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    ids = [str(given[name]) for name in ("chat_id", "user_id") if given.get(name)]
    if not ids:
        raise bad_request("can't parse BotCommandScope: Empty chat_id specified")
    return ":".join([kind, *ids])
