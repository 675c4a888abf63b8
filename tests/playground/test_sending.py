"""sendMessage and its companions, and what Telegram refuses, word for word."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)

from yabot.playground.client import PlaygroundClient


def keyboard(**action: Any) -> InlineKeyboardMarkup:
    button = InlineKeyboardButton(text="Open", **action)
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


async def test_a_message_is_numbered_and_shown(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    first = await bot.send_message(alma, "  Once upon a time  ", protect_content=True)
    second = await bot.send_message(alma, "there was a gate")
    assert (first.message_id, second.message_id) == (2, 3)
    assert first.text == "Once upon a time"
    assert first.has_protected_content
    assert first.from_user is not None
    assert first.from_user.id == bot.id
    assert first.chat.first_name == "Alma"
    shown = await client.chat(alma)
    assert [message["text"] for message in shown[1:]] == ["Once upon a time", "there was a gate"]


async def test_html_becomes_entities_counted_in_utf16(bot: Bot, alma: int) -> None:
    message = await bot.send_message(
        alma,
        '🐈 <b>bold <i>both</i></b> <a href="https://example.org/">here</a> '
        "<tg-spoiler>hidden</tg-spoiler> a &lt; b &amp; /story",
        parse_mode="HTML",
    )
    assert message.text == "🐈 bold both here hidden a < b & /story"
    assert message.entities is not None
    found = [(entity.type, entity.extract_from(message.text)) for entity in message.entities]
    assert found == [
        ("bold", "bold both"),
        ("italic", "both"),
        ("text_link", "here"),
        ("spoiler", "hidden"),
        ("bot_command", "/story"),
    ]


async def test_given_entities_are_kept(bot: Bot, alma: int) -> None:
    entities = [MessageEntity(type="bold", offset=2, length=4)]
    message = await bot.send_message(alma, "  bold", entities=entities)
    assert message.entities is not None
    assert [(e.type, e.offset, e.length) for e in message.entities] == [("bold", 0, 4)]


async def test_references_are_read_as_telegram_reads_them(bot: Bot, alma: int) -> None:
    sent = await bot.send_message(alma, "&lt;&#x1F600;&#0;&nbsp;&amp;lt;", parse_mode="HTML")
    assert sent.text == "<😀&#0;&nbsp;&lt;"


async def test_the_longest_text_passes_and_one_more_does_not(bot: Bot, alma: int) -> None:
    assert len((await bot.send_message(alma, "x" * 4096)).text or "") == 4096
    assert await refusal(bot, alma, "x" * 4097) == "Bad Request: message is too long"


@pytest.mark.parametrize(
    ("text", "parse_mode", "description"),
    [
        ("   ", None, "text must be non-empty"),
        ("<b></b>", "HTML", "text must be non-empty"),
        ("\u200b\u3164", None, "text must be non-empty"),
        (
            "&#xD83D;&#xDE00;",
            "HTML",
            "can't parse entities: Text contains invalid Unicode characters after decoding HTML "
            "entities, check for unmatched surrogate code units",
        ),
        ("<b>x</b>" * 101, "HTML", "ENTITIES_TOO_LONG"),
        ("😀" * 2049, None, "message is too long"),
        (
            "<b>open",
            "HTML",
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ("é<div>", "HTML", 'can\'t parse entities: Unsupported start tag "div" at byte offset 2'),
        ("end</b>", "HTML", "can't parse entities: Unexpected end tag at byte offset 3"),
        (
            "<b><i>x</b></i>",
            "HTML",
            "can't parse entities: Unmatched end tag at byte offset 7, "
            'expected "</i>", found "</b>"',
        ),
        ("<b>x</b x>", "HTML", "can't parse entities: Unclosed end tag at byte offset 4"),
        ("a <b", "HTML", "can't parse entities: Unclosed start tag at byte offset 2"),
        ("x", "BBCode", "unsupported parse_mode"),
    ],
)
async def test_bad_texts_are_refused(
    bot: Bot, alma: int, text: str, parse_mode: str | None, description: str
) -> None:
    assert await refusal(bot, alma, text, parse_mode=parse_mode) == f"Bad Request: {description}"


@pytest.mark.parametrize(
    ("action", "description"),
    [
        ({"callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        (
            {},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"url": "nowhere"},
            "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
    ],
)
async def test_bad_buttons_are_refused(
    bot: Bot, alma: int, action: dict[str, Any], description: str
) -> None:
    refused = await refusal(bot, alma, "x", reply_markup=keyboard(**action))
    assert refused == f"Bad Request: {description}"


async def test_labels_that_show_nothing_are_refused(bot: Bot, alma: int) -> None:
    button = InlineKeyboardButton(text="\u3164", callback_data="x")
    markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
    refused = await refusal(bot, alma, "x", reply_markup=markup)
    assert refused == "Bad Request: BUTTON_TEXT_INVALID"


async def test_inline_keyboards_come_back_as_they_were_sent(bot: Bot, alma: int) -> None:
    for markup in (
        keyboard(callback_data="é" * 32),
        keyboard(url="https://example.org/"),
        keyboard(copy_text=CopyTextButton(text="copied")),
    ):
        message = await bot.send_message(alma, "choose", reply_markup=markup)
        assert message.reply_markup is not None
        assert message.reply_markup.model_dump() == markup.model_dump()


async def test_a_reply_keyboard_stays_until_it_is_removed(
    bot: Bot, client: PlaygroundClient, alma: int, server: Any, http: Any
) -> None:
    async def shown() -> Any:
        async with http.get(f"{server.url}/playground/users/{alma}/chat") as answer:
            return (await answer.json())["reply_keyboard"]

    once = ReplyKeyboardMarkup(keyboard=[[KeyboardButton(text="Yes")]], one_time_keyboard=True)
    await bot.send_message(alma, "ready?", reply_markup=once)
    assert (await shown())["keyboard"] == [[{"text": "Yes"}]]
    await client.send(alma, "Yes")
    assert await shown() is None
    await bot.send_message(alma, "name?", reply_markup=ForceReply(input_field_placeholder="Name"))
    assert (await shown())["input_field_placeholder"] == "Name"
    await bot.send_message(alma, "done", reply_markup=ReplyKeyboardRemove())
    assert await shown() is None


async def test_replies_point_to_what_they_answer(bot: Bot, alma: int) -> None:
    reply = await bot.send_message(alma, "yes", reply_parameters=ReplyParameters(message_id=1))
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.text == "/start"
    nowhere = ReplyParameters(message_id=99)
    refused = await refusal(bot, alma, "yes", reply_parameters=nowhere)
    assert refused == "Bad Request: message to be replied not found"
    anyway = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    assert (await bot.send_message(alma, "yes", reply_parameters=anyway)).reply_to_message is None


async def test_chat_actions_are_checked(bot: Bot, alma: int) -> None:
    assert await bot.send_chat_action(alma, "typing")
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.send_chat_action(alma, "dancing")
    assert refused.value.message == "Bad Request: wrong parameter action in request"


async def refusal(bot: Bot, chat_id: int, text: str, **options: Any) -> str:
    with pytest.raises(TelegramBadRequest) as refused:
        await bot.send_message(chat_id, text, **options)
    return refused.value.message
