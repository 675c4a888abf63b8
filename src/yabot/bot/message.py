"""Messages as rows of the log, made without aiogram: a story is measured by them too."""

import json
from collections.abc import Sequence
from typing import Any

from yabot.bot.measure import require_button_data
from yabot.log.unit_of_work import Message

FILE_METHOD = "sendDocument"

# Rows of buttons, each a pair of text and callback data.
Keyboard = Sequence[Sequence[tuple[str, str]]]


def call(
    method: str, chat_id: int, parameters: dict[str, Any], content_id: str | None = None
) -> Message:
    """A Bot API call, with the JSON that aiogram's models would make of it more slowly."""
    return Message(chat_id, method, json.dumps(parameters, ensure_ascii=False), content_id)


def text_file(
    chat_id: int, name: str, text: str, caption: str, *, topic: int | None = None
) -> Message:
    """A message with a file, which is made of ``text`` on sending: the log holds only JSON."""
    document = {"name": name, "text": text}
    parameters = _place(chat_id, topic) | {"document": document, "caption": caption}
    return call(FILE_METHOD, chat_id, parameters)


def message(
    chat_id: int,
    text: str,
    keyboard: Keyboard = (),
    content_id: str | None = None,
    *,
    topic: int | None = None,
) -> Message:
    """Raises ButtonDataInvalid, because Telegram would refuse such a message."""
    parameters = _place(chat_id, topic) | {"text": text}
    if keyboard:
        require_button_data(keyboard)
        rows = [[{"text": label, "callback_data": data} for label, data in row] for row in keyboard]
        parameters["reply_markup"] = {"inline_keyboard": rows}
    return call("sendMessage", chat_id, parameters, content_id)


def _place(chat_id: int, topic: int | None) -> dict[str, Any]:
    return {"chat_id": chat_id} | ({} if topic is None else {"message_thread_id": topic})
