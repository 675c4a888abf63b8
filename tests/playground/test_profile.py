"""The bot's own user, texts and commands."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats, BotCommandScopeChat

from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

STORY = BotCommand(command="story", description="Go on reading")
CUENTO = BotCommand(command="story", description="Seguir leyendo")


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert me.is_bot
    assert me.id == bot.id
    assert me.username == "yabot_playground_bot"


async def test_commands_are_kept_for_each_scope_and_language(bot: Bot, alma: int) -> None:
    async def described(**where: Any) -> list[str]:
        return [command.description for command in await bot.get_my_commands(**where)]

    await bot.set_my_commands([STORY])
    await bot.set_my_commands([CUENTO], language_code="es")
    assert await described() == ["Go on reading"]
    assert await described(language_code="es") == ["Seguir leyendo"]
    assert await described(scope=BotCommandScopeChat(chat_id=alma)) == []
    await bot.delete_my_commands(language_code="es")
    assert await described(language_code="es") == []


async def test_the_menu_shows_the_narrowest_commands_in_the_users_language(
    bot: Bot, client: PlaygroundClient, server: PlaygroundServer, http: Any
) -> None:
    alma = (await client.users())[0]["id"]
    bruno = await client.add_user("Bruno", language_code="en")

    async def menu(user_id: int) -> Any:
        async with http.get(f"{server.url}/playground/users/{user_id}/chat") as answer:
            return [command["description"] for command in (await answer.json())["commands"]]

    await bot.set_my_commands([STORY])
    await bot.set_my_commands([CUENTO], language_code="es")
    assert (await menu(alma), await menu(bruno)) == (["Seguir leyendo"], ["Go on reading"])
    await bot.set_my_commands(
        [BotCommand(command="vip", description="Only here")],
        scope=BotCommandScopeAllPrivateChats(),
    )
    assert await menu(bruno) == ["Only here"]


@pytest.mark.parametrize(
    ("command", "description"),
    [
        (BotCommand(command="Story", description="x"), "BOT_COMMAND_INVALID"),
        (BotCommand(command="story", description=" "), "BOT_COMMAND_DESCRIPTION_INVALID"),
    ],
)
async def test_bad_commands_are_refused(bot: Bot, command: BotCommand, description: str) -> None:
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.set_my_commands([command])
    assert refused.value.message == f"Bad Request: {description}"


async def test_names_and_descriptions_are_kept_by_language(bot: Bot) -> None:
    await bot.set_my_name("Cuentacuentos")
    await bot.set_my_description("A story", language_code="en")
    await bot.set_my_description("Un cuento")
    await bot.set_my_short_description("Cuento")
    assert (await bot.get_my_name()).name == "Cuentacuentos"
    assert (await bot.get_me()).first_name == "Cuentacuentos"
    assert (await bot.get_my_description(language_code="en")).description == "A story"
    assert (await bot.get_my_description(language_code="de")).description == "Un cuento"
    assert (await bot.get_my_short_description()).short_description == "Cuento"


async def test_without_a_webhook_its_deletion_drops_what_waits(bot: Bot, alma: int) -> None:
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == ("", 1)
    assert await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == []
