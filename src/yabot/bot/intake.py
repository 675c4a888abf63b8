"""Updates become durable before Telegram hears that we have them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from aiogram import Bot
from aiogram.types import Chat, Update
from aiogram.types import User as TelegramUser
from aiogram.types.update import UpdateTypeLookupError
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError
from sqlalchemy import Connection, bindparam, select, update

from yabot.clock import utc_now
from yabot.error_text import kind_of
from yabot.errors import InvalidInput
from yabot.events.partition import partition_of
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database, Statement, insert_new
from yabot.storage.relational.prepared import Prepared
from yabot.storage.relational.tables import updates

log = get_logger(__name__)

_this = (updates.c.bot_id == bindparam("bot")) & (updates.c.update_id == bindparam("update"))
_add = Prepared(lambda connection: insert_new(connection, updates))
_set_state = Prepared(update(updates).where(_this).values(state=bindparam("new_state")))
_state = Prepared(select(updates.c.state).where(_this))

# The largest number that SQL keeps; Telegram's have 52 bits at most.
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Intake:
    """Keeps each update once, whoever delivers it and however often."""

    database: Database
    bot_id: int
    partitions: int

    async def store(self, received: Sequence[Update]) -> list[Update]:
        """Durable on return; gives back those that are still to be handled, in order.

        One that comes again is among them while it waits: it may have been stored without our
        hearing so. Raises StoreUnavailable: then nothing is known, and none may be confirmed.
        """
        rows = [self._row(entry) for entry in received]

        def insert_rows(connection: Connection) -> list[bool]:
            return [_is_to_be_handled(connection, row) for row in rows]

        due = await self.database.write(insert_rows)
        return [entry for entry, is_due in zip(received, due, strict=True) if is_due]

    def finished(self, update_id: int, state: str) -> Statement[None]:
        """A statement for the unit of work that handles the update."""
        values = {"bot": self.bot_id, "update": update_id, "new_state": state}

        def finish(connection: Connection) -> None:
            _set_state.run(connection, values)

        return finish

    def _row(self, entry: Update) -> dict[str, object]:
        user_id = sender_id(entry)
        return {
            "bot_id": self.bot_id,
            "update_id": entry.update_id,
            "user_id": user_id,
            "partition": partition_of(user_id or str(entry.update_id), self.partitions),
            "payload": entry.model_dump_json(exclude_unset=True),
            "state": "waiting",
            "attempts": 0,
            "received_at": utc_now(),
        }


def read_update(body: bytes, bot: Bot) -> Update:
    """An update in its JSON, as anybody may have sent it.

    Raises InvalidInput for what is none, or cannot be kept and read again.
    """
    try:
        kept = Update.model_validate_json(body).model_dump_json(exclude_unset=True)
        read = Update.model_validate_json(kept, context={"bot": bot})
    except (ValidationError, PydanticSerializationError) as error:
        raise InvalidInput(why(error)) from error
    user, chat = sender(read)
    ids = [read.update_id, user.id if user else 0, chat.id if chat else 0]
    if read.update_id < 0 or any(abs(number) > LARGEST_ID for number in ids):
        raise InvalidInput("an id is out of range")
    return read


def why(error: ValidationError | PydanticSerializationError) -> str:
    """Without what it was about: that is somebody's message, and no business of a log."""
    if isinstance(error, PydanticSerializationError):
        return "a value that cannot be written as JSON"
    return kind_of(error)


def _is_to_be_handled(connection: Connection, row: dict[str, object]) -> bool:
    if _add.run(connection, row) == 1:
        return True
    key = {"bot": row["bot_id"], "update": row["update_id"]}
    return _state.first(connection, key) == ("waiting",)


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


def update_type(entry: Update) -> str:
    """The Bot API's name of what the update brings; "unknown" for one that is too new for us."""
    try:
        return entry.event_type
    except UpdateTypeLookupError:
        return "unknown"
