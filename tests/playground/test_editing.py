"""Edits and deletions, and what Telegram refuses, word for word."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

from yabot.playground.client import PlaygroundClient

DOOR = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Door", callback_data="door")]]
)


async def test_an_edit_replaces_text_and_keyboard(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    message = await bot.send_message(alma, "before", reply_markup=DOOR)
    edited = await bot.edit_message_text("after", chat_id=alma, message_id=message.message_id)
    assert isinstance(edited, Message)
    assert edited.text == "after"
    assert edited.reply_markup is None
    assert edited.edit_date is not None
    assert edited.date == message.date
    assert (await client.chat(alma))[-1]["text"] == "after"


async def test_a_keyboard_alone_can_change(bot: Bot, alma: int) -> None:
    message = await bot.send_message(alma, "the text stays", reply_markup=DOOR)
    edited = await bot.edit_message_reply_markup(chat_id=alma, message_id=message.message_id)
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup) == ("the text stays", None)


async def test_an_edit_that_changes_nothing_is_refused(bot: Bot, alma: int) -> None:
    message = await bot.send_message(alma, "same", reply_markup=DOOR)
    where: dict[str, Any] = {"chat_id": alma, "message_id": message.message_id}
    words = (
        "Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message"
    )
    for _ in range(2):
        with pytest.raises(TelegramBadRequest) as refused:
            await bot.edit_message_text("same", reply_markup=DOOR, **where)
        assert refused.value.message == words
        with pytest.raises(TelegramBadRequest) as refused:
            await bot.edit_message_reply_markup(reply_markup=DOOR, **where)
        assert refused.value.message == words


async def test_only_own_messages_that_are_there_can_be_edited(bot: Bot, alma: int) -> None:
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.edit_message_text("x", chat_id=alma, message_id=99)
    assert refused.value.message == "Bad Request: message to edit not found"
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.edit_message_text("x", chat_id=alma, message_id=1)
    assert refused.value.message == "Bad Request: message can't be edited"
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.edit_message_text("x", chat_id=alma)
    assert refused.value.message == "Bad Request: message identifier is not specified"


async def test_deleted_messages_are_gone_and_their_numbers_are_not_used_again(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    first = await bot.send_message(alma, "one")
    second = await bot.send_message(alma, "two")
    assert await bot.delete_message(alma, first.message_id)
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.delete_message(alma, first.message_id)
    assert refused.value.message == "Bad Request: message to delete not found"
    assert await bot.delete_messages(alma, [first.message_id, second.message_id])
    assert [message["text"] for message in await client.chat(alma)] == ["/start"]
    assert (await bot.send_message(alma, "three")).message_id == second.message_id + 1


@pytest.mark.parametrize("chat_id", [0, 12345, "@somebody"])
async def test_an_unknown_chat_is_not_found(bot: Bot, chat_id: int | str) -> None:
    for method in (bot.send_message(chat_id, "x"), bot.delete_message(chat_id, 1)):
        with pytest.raises(TelegramBadRequest) as refused:
            await method
        assert refused.value.message == "Bad Request: chat not found"
