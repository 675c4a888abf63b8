"""A message without markup, to be sent when Telegram refuses the markup."""

import json
from collections.abc import Iterator
from typing import Any

from yabot.bot.measure import (
    LONGEST,
    MOST_BUTTONS,
    is_button_data,
    is_visible,
    plain_text,
    units,
)
from yabot.bot.message import call
from yabot.log.unit_of_work import Message

# The parameters that say where a message goes.
WHERE = ("chat_id", "message_thread_id")
# Replaces a label that shows nothing.
NO_LABEL = "→"


def in_plain_text(message: Message) -> list[Message]:
    """The message as plain text, in as many messages as it takes; the buttons are under the last.

    Empty if it is plain already, or if nothing of it would be seen.
    """
    parameters = json.loads(message.payload)
    text = _whole_characters(plain_text(parameters["text"])).strip()
    if "parse_mode" in parameters or not is_visible(text):
        return []
    *first, last = list(_pieces(text))
    place = {name: parameters[name] for name in WHERE if name in parameters}
    around = place | {"parse_mode": None}
    keyboard = _keyboard(parameters.get("reply_markup", {}).get("inline_keyboard", []))
    end = around | ({"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {})
    return [
        *(call(message.method, message.chat_id, around | {"text": piece}) for piece in first),
        call(message.method, message.chat_id, end | {"text": last}, message.content_id),
    ]


def _whole_characters(text: str) -> str:
    """Join surrogate pairs, and remove surrogates without a partner."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")


def _pieces(text: str) -> Iterator[str]:
    """Split at the end of a line or a word, if there is one."""
    while units(text) > LONGEST["text"]:
        # A character is two units at most.
        end = LONGEST["text"] // 2
        broken = max(text.rfind("\n", 1, end), text.rfind(" ", 1, end))
        end = broken if broken > 0 else end
        yield text[:end].rstrip()
        text = text[end:].lstrip()
    yield text


def _keyboard(rows: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    usable = [[_button(button) for button in row if _can_be_sent(button)] for row in rows]
    return [row for row in usable if row][:MOST_BUTTONS]


def _can_be_sent(button: dict[str, Any]) -> bool:
    return is_button_data(button.get("callback_data", ""))


def _button(button: dict[str, Any]) -> dict[str, Any]:
    label = _whole_characters(button["text"])
    return button | {"text": label if is_visible(label) else NO_LABEL}
