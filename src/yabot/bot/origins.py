"""Whose an update is, and what it brings."""

from functools import cache
from typing import Any

from aiogram.types import Chat, Update
from aiogram.types import User as TelegramUser
from aiogram.types.update import UpdateTypeLookupError
from pydantic import BaseModel


def sender(entry: Update) -> tuple[TelegramUser | None, Chat | None]:
    """Who sent the update and in which chat, where it has them."""
    try:
        event = entry.event
    except UpdateTypeLookupError:
        return None, None
    user = _field(event, "from_user") or _field(event, "user")
    chat = _field(event, "chat") or _field(_field(event, "message"), "chat")
    return user, chat


def _field(value: Any, name: str) -> Any:
    """None where the type has no such field; pydantic takes its time to say that by itself."""
    kind: object = type(value)
    return getattr(value, name) if name in _fields(kind) else None


@cache
def _fields(kind: object) -> frozenset[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return frozenset(kind.model_fields)
    return frozenset()


def sender_id(entry: Update) -> str | None:
    user, _ = sender(entry)
    return None if user is None else str(user.id)


def lane_of(entry: Update) -> str:
    """Updates of one lane take effect in order, those of different ones side by side."""
    return sender_id(entry) or str(entry.update_id)


def tells_of_payment(entry: Update) -> bool:
    """Telegram's word of money that has been paid or given back, or is about to be."""
    message = entry.message
    told = message is not None and bool(message.successful_payment or message.refunded_payment)
    return told or entry.pre_checkout_query is not None


def update_type(entry: Update) -> str:
    """The Bot API's name of what the update brings; "unknown" for one that is too new for us."""
    try:
        return entry.event_type
    except UpdateTypeLookupError:
        return "unknown"
