"""Bot API calls as rows of the log, and back."""

import json
from inspect import isclass
from typing import Any

import aiogram.methods
from aiogram.methods import SendDocument, TelegramMethod
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup

from yabot.bot.measure import require_button_data
from yabot.bot.message import FILE_METHOD
from yabot.errors import TerminalError
from yabot.log.unit_of_work import Message

_METHODS: dict[str, type[TelegramMethod[Any]]] = {
    method.__api_method__: method
    for method in vars(aiogram.methods).values()
    if isclass(method) and issubclass(method, TelegramMethod) and method is not TelegramMethod
}


def to_message(method: TelegramMethod[Any], chat_id: int, content_id: str | None = None) -> Message:
    """Only what was set is stored: aiogram fills in the bot's defaults when it is sent.

    Raises ButtonDataInvalid.
    """
    markup = getattr(method, "reply_markup", None)
    if isinstance(markup, InlineKeyboardMarkup):
        rows = markup.inline_keyboard
        require_button_data([(each.text, each.callback_data) for each in row] for row in rows)
    payload = method.model_dump_json(exclude_unset=True)
    return Message(chat_id, method.__api_method__, payload, content_id)


class MessageUnreadable(TerminalError):
    """Another version wrote the row."""

    code = "message_unreadable"


def to_method(message: Message) -> TelegramMethod[Any]:
    """Raises MessageUnreadable."""
    try:
        if message.method == FILE_METHOD:
            return _with_file(json.loads(message.payload))
        return _METHODS[message.method].model_validate_json(message.payload)
    except (KeyError, TypeError, ValueError) as error:
        raise MessageUnreadable from error


def _with_file(parameters: dict[str, Any]) -> TelegramMethod[Any]:
    document = parameters["document"]
    if isinstance(document, dict):
        made = BufferedInputFile(document["text"].encode(), document["name"])
        parameters = parameters | {"document": made}
    return SendDocument.model_validate(parameters)
