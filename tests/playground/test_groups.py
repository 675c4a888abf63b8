"""Groups: privacy mode, commands with a name, the bot added and removed, buttons for everybody."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError
from aiogram.types import BotCommand, BotCommandScopeAllGroupChats, Update

from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient

from .test_sending import keyboard


@pytest.fixture
async def bruno(client: PlaygroundClient) -> int:
    return await client.add_user("Bruno")


@pytest.fixture
async def group(bot: Bot, client: PlaygroundClient, alma: int, bruno: int) -> int:
    """Alma, Bruno and the bot, which has heard of everything so far."""
    chat_id = await client.add_group("The reading circle", alma, bruno)
    await heard(bot)
    return chat_id


async def heard(bot: Bot) -> list[Update]:
    found = await bot.get_updates()
    if found:
        await bot.get_updates(found[-1].update_id + 1)
    return found


async def test_the_bot_is_told_that_it_was_added(
    bot: Bot, client: PlaygroundClient, alma: int, bruno: int
) -> None:
    await heard(bot)
    chat_id = await client.add_group("The reading circle", alma, bruno)
    changed, told = await heard(bot)
    assert changed.my_chat_member is not None
    assert changed.my_chat_member.chat.id == chat_id
    assert changed.my_chat_member.from_user.id == alma
    assert changed.my_chat_member.old_chat_member.status == "left"
    assert changed.my_chat_member.new_chat_member.status == "member"
    assert told.message is not None
    assert told.message.new_chat_members is not None
    assert [user.id for user in told.message.new_chat_members] == [bot.id]
    chat = await bot.get_chat(chat_id)
    assert (chat.type, chat.title) == ("supergroup", "The reading circle")
    assert await bot.get_chat_member_count(chat_id) == 3
    assert (await bot.get_chat_member(chat_id, bruno)).status == "member"


async def test_privacy_mode_hides_what_is_not_meant_for_the_bot(
    bot: Bot, client: PlaygroundClient, group: int, alma: int, bruno: int
) -> None:
    me = await bot.get_me()
    assert me.can_join_groups
    assert not me.can_read_all_group_messages
    said = await bot.send_message(group, "Good evening")
    for text in (
        "how are you all?",
        "/story",
        f"/story@{(me.username or '').upper()}",
        "/story@another_bot",
        f"@{me.username} are you there?",
        "see /story",
    ):
        await client.send_to_group(group, bruno, text)
    await client.send_to_group(group, alma, "you too", reply_to=said.message_id)
    updates = await heard(bot)
    texts = [update.message.text for update in updates if update.message]
    assert texts == ["/story", f"/story@{(me.username or '').upper()}", "you too"]
    first = updates[0].message
    assert first is not None
    assert first.from_user is not None
    assert (first.chat.id, first.chat.type, first.from_user.id) == (group, "supergroup", bruno)
    assert len(await client.group_chat(group)) == 9


async def test_everybody_may_press(
    bot: Bot, client: PlaygroundClient, group: int, bruno: int
) -> None:
    sent = await bot.send_message(group, "a door", reply_markup=keyboard(callback_data="open"))
    await client.press_in_group(group, bruno, sent.message_id, "open")
    (update,) = await heard(bot)
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    assert (query.from_user.id, query.message.chat.id) == (bruno, group)
    assert await query.as_(bot).answer("It opens")


async def test_a_removed_bot_is_told_and_cannot_write(
    bot: Bot, client: PlaygroundClient, group: int, alma: int
) -> None:
    await client.remove_bot_from_group(group, alma)
    (update,) = await heard(bot)
    assert update.my_chat_member is not None
    assert update.my_chat_member.new_chat_member.status == "kicked"
    with pytest.raises(TelegramForbiddenError, match="kicked from the supergroup chat"):
        await bot.send_message(group, "hello?")
    await client.send_to_group(group, alma, "/story")
    assert await heard(bot) == []
    await client.add_bot_to_group(group, alma)
    assert [update.event_type for update in await heard(bot)] == ["my_chat_member", "message"]
    await bot.send_message(group, "here I am")


async def test_strangers_and_unknown_groups_are_refused(
    client: PlaygroundClient, group: int, alma: int
) -> None:
    clara = await client.add_user("Clara")
    with pytest.raises(InvalidInput, match="Clara is not in this group"):
        await client.send_to_group(group, clara, "let me in")
    with pytest.raises(InvalidInput, match="There is no group -1"):
        await client.send_to_group(-1, alma, "anybody?")
    with pytest.raises(InvalidInput, match="at least one reader"):
        await client.add_group("Nobody")


async def test_groups_have_their_own_commands(
    bot: Bot, client: PlaygroundClient, group: int
) -> None:
    story = [BotCommand(command="story", description="Together")]
    await bot.set_my_commands(story, scope=BotCommandScopeAllGroupChats())
    shown = await client._ask("GET", f"/groups/{group}/chat")
    assert [command["description"] for command in shown["commands"]] == ["Together"]


async def test_a_new_group_never_has_the_id_of_a_removed_one(
    client: PlaygroundClient, group: int, alma: int
) -> None:
    ids = [group]
    for title in ("Another", "A third", "A fourth"):
        ids.append(await client.add_group(title, alma))
        await client._ask("DELETE", f"/groups/{ids[-1]}")
    await client._ask("DELETE", f"/groups/{group}")
    ids.append(await client.add_group("The last", alma))
    assert len(set(ids)) == len(ids)
