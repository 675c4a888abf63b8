"""A message as Telegram measures it."""

import pytest
from aiogram.methods import SendMessage
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from yabot.bot.measure import ButtonDataInvalid, is_visible, plain_text, refusals, units
from yabot.bot.message import message
from yabot.bot.outgoing import to_message


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<b>a</b> &lt;😀", "a <😀"),
        ('<a href="https://x.y?a=1&amp;b=2">a &amp; b</a>', "a & b"),
        ("&#8230;&#x2026;", "……"),
        # Telegram leaves these alone, and takes no other names.
        ("&#0; &#x10FFFF; &nbsp;", "&#0; &#x10FFFF; &nbsp;"),
        ("&#128;", "\x80"),
        ("&#xD83D;", "\ud83d"),
    ],
)
def test_what_readers_see(html: str, seen: str) -> None:
    assert plain_text(html) == seen


def test_a_text_is_as_long_as_in_utf_16() -> None:
    assert units("a <😀") == 5


@pytest.mark.parametrize("text", ["a", "🙂", "ñ", "·", " \u200ca"])
def test_what_shows_something(text: str) -> None:
    assert is_visible(text)


@pytest.mark.parametrize(
    "text", ["", " \n", "\u200b\u2060", "\u3164", "\u2800", "\ufe0f", "\u0301"]
)
def test_what_shows_nothing(text: str) -> None:
    assert not is_visible(text)


@pytest.mark.parametrize(
    ("text", "keyboard", "said"),
    [
        ("<b>a</b>", [[("Go", "x" * 64)]], []),
        ("😀" * 2049, [], ["a message of 4098 characters; Telegram allows 4096"]),
        ("<b>\u200b</b>", [], ["a message that shows nothing"]),
        ("a", [[("\u3164", "x")]], ["a message with a button that shows nothing"]),
        ("<b>a</b>" * 101, [], ["a message with 101 marked places; Telegram allows 100"]),
        (
            "a",
            [[("Go", "x")]] * 101,
            ["a message with 101 buttons; Telegram allows 100"],
        ),
    ],
)
def test_what_telegram_would_refuse(
    text: str, keyboard: list[list[tuple[str, str]]], said: list[str]
) -> None:
    assert list(refusals(message(7, text, keyboard))) == said


@pytest.mark.parametrize(("data", "carried"), [("ñ" * 33, 66), ("x" * 86, 86), ("", 0)])
def test_no_message_is_made_with_a_button_whose_data_telegram_does_not_take(
    data: str, carried: int
) -> None:
    """However it is made; the sentence repeats neither label nor data."""
    said = f"^button 2 in row 1 carries {carried} bytes of data; Telegram takes 1 to 64: put an id"
    with pytest.raises(ButtonDataInvalid, match=said):
        message(7, "a", [[("Go", "x" * 64), ("Ana", data)]])
    row = [
        InlineKeyboardButton(text="Look", url="https://example.org"),
        InlineKeyboardButton(text="Ana", callback_data=data),
    ]
    markup = InlineKeyboardMarkup(inline_keyboard=[row])
    with pytest.raises(ButtonDataInvalid, match=said):
        to_message(SendMessage(chat_id=7, text="a", reply_markup=markup), 7)
    row.pop(1)
    markup = InlineKeyboardMarkup(inline_keyboard=[row])
    to_message(SendMessage(chat_id=7, text="a", reply_markup=markup), 7)
