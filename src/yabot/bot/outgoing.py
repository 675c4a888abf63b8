"""Bot API calls as rows of the log, and back."""

import json
from inspect import isclass
from typing import Any

import aiogram.methods
from aiogram.methods import TelegramMethod

from yabot.storage.relational.unit_of_work import Message

_METHODS: dict[str, type[TelegramMethod[Any]]] = {
    method.__api_method__: method
    for method in vars(aiogram.methods).values()
    if isclass(method) and issubclass(method, TelegramMethod) and method is not TelegramMethod
}


def to_message(method: TelegramMethod[Any], chat_id: int, content_id: str | None = None) -> Message:
    """Only what was set is stored: aiogram fills in the bot's defaults when it is sent."""
    payload = method.model_dump_json(exclude_unset=True)
    return Message(chat_id, method.__api_method__, payload, content_id)


def call(
    method: str, chat_id: int, parameters: dict[str, Any], content_id: str | None = None
) -> Message:
    """Like ``to_message``, for what every update sends: aiogram's models take their time to build,
    only to be written as the JSON that they are made of.
    """
    return Message(chat_id, method, json.dumps(parameters, ensure_ascii=False), content_id)


def to_method(message: Message) -> TelegramMethod[Any]:
    """Raises ValueError, KeyError for a row that another version wrote and this cannot read."""
    return _METHODS[message.method].model_validate_json(message.payload)
