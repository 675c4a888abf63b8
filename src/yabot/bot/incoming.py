"""An update as it came in, with its user, chat and kind: worked out once and carried along."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from aiogram.types import Chat, Update
from aiogram.types import User as TelegramUser
from aiogram.types.update import UpdateTypeLookupError
from pydantic import BaseModel

from yabot.events.partition import partition_of


@dataclass(frozen=True, slots=True)
class Incoming:
    """``kind`` is the Bot API's name of its content, or "unknown" if this version has none.

    Updates of one ``lane`` take effect in order, those of different ones side by side. ``payload``
    is its JSON, as SQL keeps it.
    """

    update: Update
    kind: str
    user: TelegramUser | None
    chat: Chat | None
    update_id: int
    user_id: str | None
    # 0 where it has no chat.
    chat_id: int
    lane: str
    partition: int
    payload: str
    # Telegram wants an answer within seconds.
    is_pre_checkout: bool
    # Telegram tells that money has been paid or refunded.
    is_payment: bool
    # It is one of these.
    tells_of_payment: bool

    @classmethod
    def of(cls, update: Update, partitions: int, payload: str | None = None) -> "Incoming":
        """``partitions`` is how many there are."""
        kind, user, chat = _content(update)
        is_pre_checkout, is_payment = update.pre_checkout_query is not None, _is_payment(update)
        user_id = None if user is None else str(user.id)
        lane = user_id or str(update.update_id)
        return cls(
            update,
            kind,
            user,
            chat,
            update.update_id,
            user_id,
            0 if chat is None else chat.id,
            lane,
            partition_of(lane, partitions),
            payload or update.model_dump_json(exclude_unset=True),
            is_pre_checkout,
            is_payment,
            tells_of_payment=is_pre_checkout or is_payment,
        )

    @property
    def is_from_group(self) -> bool:
        return self.chat is not None and self.chat.type != "private"


def _is_payment(update: Update) -> bool:
    message = update.message
    return message is not None and bool(message.successful_payment or message.refunded_payment)


def _content(update: Update) -> tuple[str, TelegramUser | None, Chat | None]:
    try:
        kind = update.event_type
    except UpdateTypeLookupError:
        return "unknown", None, None
    event = getattr(update, kind)
    user = _field(event, "from_user") or _field(event, "user")
    chat = _field(event, "chat") or _field(_field(event, "message"), "chat")
    return kind, user, chat


def _field(value: Any, name: str) -> Any:
    """None if the type has no such field; pydantic's own AttributeError is slow."""
    kind: object = type(value)
    return getattr(value, name) if name in _fields(kind) else None


@cache
def _fields(kind: object) -> frozenset[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return frozenset(kind.model_fields)
    return frozenset()
