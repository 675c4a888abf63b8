"""Buttons: a press waits for one answer."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message

from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient

DOORS = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="Left", callback_data="left")],
        [InlineKeyboardButton(text="Right", callback_data="right")],
    ]
)
TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def message(bot: Bot, alma: int) -> Message:
    return await bot.send_message(alma, "two doors", reply_markup=DOORS)


async def test_a_press_is_pending_until_it_is_answered(
    bot: Bot, client: PlaygroundClient, alma: int, message: Message
) -> None:
    await client.press(alma, message.message_id, "left")
    assert (await client.chat(alma))[-1]["pending"] == ["left"]
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert (query.data, query.from_user.id) == ("left", alma)
    assert isinstance(query.message, Message)
    assert query.message.message_id == message.message_id
    assert await query.answer("It opens.", show_alert=True)
    assert (await client.chat(alma))[-1]["pending"] == []


async def test_a_press_takes_one_answer(
    bot: Bot, client: PlaygroundClient, alma: int, message: Message
) -> None:
    await client.press(alma, message.message_id, "left")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    await bot.answer_callback_query(query.id)
    for query_id in (query.id, "12345"):
        with pytest.raises(TelegramBadRequest) as refused:
            await bot.answer_callback_query(query_id)
        assert refused.value.message == TOO_OLD
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.answer_callback_query(query.id, text="x" * 201)
    assert refused.value.message == "Bad Request: MESSAGE_TOO_LONG"


async def test_a_button_that_an_edit_took_away_can_be_pressed_by_a_slow_client(
    bot: Bot, client: PlaygroundClient, alma: int, message: Message
) -> None:
    await bot.edit_message_reply_markup(chat_id=alma, message_id=message.message_id)
    await client.press(alma, message.message_id, "right")
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.data == "right"


async def test_a_button_that_never_was_there_cannot_be_pressed(
    client: PlaygroundClient, alma: int, message: Message
) -> None:
    with pytest.raises(InvalidInput, match="no button"):
        await client.press(alma, message.message_id, "window")
    with pytest.raises(InvalidInput, match="no message 99"):
        await client.press(alma, 99, "left")
