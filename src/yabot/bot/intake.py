"""Updates become durable before Telegram hears that we have them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiogram.types import Chat, Update
from aiogram.types import User as TelegramUser
from aiogram.types.update import UpdateTypeLookupError
from sqlalchemy import Connection, bindparam, select, update

from yabot.clock import utc_now
from yabot.events.partition import partition_of
from yabot.storage.relational.database import Database, Statement, insert_new
from yabot.storage.relational.tables import updates

_set_state = (
    update(updates)
    .where(updates.c.bot_id == bindparam("bot"), updates.c.update_id == bindparam("update"))
    .values(state=bindparam("new_state"))
)

# A process that dies this often over one update is not sent into it again.
MOST_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Intake:
    """Keeps each update once, whoever delivers it and however often."""

    database: Database
    bot_id: int
    partitions: int

    async def store(self, received: Sequence[Update]) -> list[Update]:
        """Durable on return; gives back those that were not stored before, in order.

        Raises StoreUnavailable: then none is stored, and none may be confirmed.
        """
        rows = [self._row(entry) for entry in received]

        def insert_rows(connection: Connection) -> list[bool]:
            statement = insert_new(connection, updates)
            return [connection.execute(statement, row).rowcount == 1 for row in rows]

        fresh = await self.database.write(insert_rows)
        return [entry for entry, is_new in zip(received, fresh, strict=True) if is_new]

    async def resume(self) -> list[Update]:
        """What an earlier process stored and did not finish, lowest ``update_id`` first."""
        payloads = await self.database.write(self._take_waiting)
        return [Update.model_validate_json(payload) for payload in payloads]

    def finished(self, update_id: int, state: str) -> Statement[None]:
        """A statement for the unit of work that handles the update."""
        values = {"bot": self.bot_id, "update": update_id, "new_state": state}

        def finish(connection: Connection) -> None:
            connection.execute(_set_state, values)

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

    def _take_waiting(self, connection: Connection) -> list[str]:
        waiting = (updates.c.bot_id == self.bot_id) & (updates.c.state == "waiting")
        connection.execute(update(updates).where(waiting).values(attempts=updates.c.attempts + 1))
        connection.execute(
            update(updates)
            .where(waiting & (updates.c.attempts > MOST_ATTEMPTS))
            .values(state="failed")
        )
        query = select(updates.c.payload).where(waiting).order_by(updates.c.update_id)
        return list(connection.execute(query).scalars())


def sender(entry: Update) -> tuple[TelegramUser | None, Chat | None]:
    """Who sent the update and in which chat, where it has them."""
    try:
        event = entry.event
    except UpdateTypeLookupError:
        return None, None
    user = getattr(event, "from_user", None) or getattr(event, "user", None)
    message = getattr(event, "message", None)
    chat = getattr(event, "chat", None) or getattr(message, "chat", None)
    return user, chat


def sender_id(entry: Update) -> str | None:
    user, _ = sender(entry)
    return None if user is None else str(user.id)


def update_type(entry: Update) -> str:
    """The Bot API's name of what the update brings; "unknown" for one that is too new for us."""
    try:
        return entry.event_type
    except UpdateTypeLookupError:
        return "unknown"
