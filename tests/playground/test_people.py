"""Users come, change, block the bot and go; the bot hears what Telegram would tell."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.types import ChatMemberBanned

from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient


async def test_the_first_visit_finds_one_user_who_has_not_started(
    bot: Bot, client: PlaygroundClient
) -> None:
    (first,) = await client.users()
    assert (first["first_name"], first["has_started"]) == ("Alma", False)
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.send_message(first["id"], "nobody asked")
    assert refused.value.message == "Bad Request: chat not found"


async def test_each_user_has_a_chat_of_their_own(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    bruno = await client.add_user("Bruno", language_code="en", username="bruno")
    await client.send(bruno, "hello")
    update = (await bot.get_updates())[-1]
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.model_dump(exclude_none=True) == {
        "id": bruno,
        "is_bot": False,
        "first_name": "Bruno",
        "username": "bruno",
        "language_code": "en",
    }
    assert update.message.message_id == 1
    assert [message["text"] for message in await client.chat(alma)] == ["/start"]


async def test_a_blocked_bot_is_told_and_refused(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.block(alma)
    await client.block(alma)
    for call in (bot.send_message(alma, "x"), bot.send_chat_action(alma, "typing")):
        with pytest.raises(TelegramForbiddenError) as refused:
            await call
        assert refused.value.message == "Forbidden: bot was blocked by the user"
    with pytest.raises(InvalidInput, match="unblock it first"):
        await client.send(alma, "hello?")
    assert isinstance(await bot.get_chat_member(alma, bot.id), ChatMemberBanned)
    await client.unblock(alma)
    changes = [update.my_chat_member for update in await bot.get_updates() if update.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["kicked", "member"]
    assert await bot.send_message(alma, "welcome back")


async def test_a_removed_user_is_deactivated(bot: Bot, client: PlaygroundClient, alma: int) -> None:
    await client.remove_user(alma)
    with pytest.raises(TelegramForbiddenError) as refused:
        await bot.send_message(alma, "x")
    assert refused.value.message == "Forbidden: user is deactivated"
    assert await client.users() == []
    assert await client.add_user("Carla") != alma


async def test_the_bot_may_ask_about_chat_and_members(bot: Bot, alma: int) -> None:
    chat = await bot.get_chat(alma)
    assert (chat.id, chat.type, chat.first_name) == (alma, "private", "Alma")
    assert (await bot.get_chat_member(alma, alma)).user.first_name == "Alma"
    assert await bot.get_chat_member_count(alma) == 2
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.get_chat_member(alma, 5)
    assert refused.value.message == "Bad Request: user not found"


async def test_bad_messages_of_readers_are_refused(client: PlaygroundClient, alma: int) -> None:
    with pytest.raises(InvalidInput, match=r"400.*empty"):
        await client.send(alma, " \n ")
    with pytest.raises(InvalidInput, match=r"400.*longer than 4096"):
        await client.send(alma, "x" * 4097)
    with pytest.raises(InvalidInput, match=r"404.*no user 5"):
        await client.send(5, "x")
