"""Updates become durable before Telegram hears that we have them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from yabot.bot.incoming import Incoming
from yabot.bot.reading import Received, Unreadable
from yabot.bot.tables import updates
from yabot.clock import utc_now
from yabot.events.envelope import EventPayload
from yabot.events.intake import UpdateUnreadable
from yabot.events.partition import partition_of
from yabot.log.tables import BLANK
from yabot.observability.logging import get_logger
from yabot.observability.metrics import UNREADABLE
from yabot.storage.relational.database import Database, Statement, insert_new
from yabot.storage.relational.prepared import Prepared

log = get_logger(__name__)

Row = dict[str, object]

# ``attempts`` of a waiting update counts the processes that died while it waited. From SUSPECT on
# it is handled alone, and set to BEGUN when that starts: only a crash after that counts against it.
SUSPECT = 4
BEGUN = SUSPECT + 1

_this = (updates.c.bot_id == bindparam("bot")) & (updates.c.update_id == bindparam("update"))
_add = Prepared(lambda connection: insert_new(connection, updates))
_set_state = Prepared(
    update(updates).where(_this).values(state=bindparam("new_state"), payload=BLANK)
)
_set_aside = Prepared(
    update(updates).where(_this, updates.c.state == "waiting").values(state="unreadable")
)
_begin = Prepared(
    update(updates)
    .where(_this, updates.c.state == "waiting", updates.c.attempts == SUSPECT)
    .values(attempts=BEGUN)
)
_state = Prepared(select(updates.c.state).where(_this))
_understand = Prepared(
    update(updates)
    .where(_this, updates.c.state == "unreadable")
    .values(
        state="waiting",
        user_id=bindparam("whose"),
        partition=bindparam("place"),
        payload=bindparam("content"),
    )
)


def _told_to_nobody(_event: EventPayload) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Intake:
    """Keeps each update once, whoever delivers it and however often.

    ``tell`` publishes an event for each update that could not be read.
    """

    database: Database
    bot_id: int
    partitions: int
    tell: Callable[[EventPayload], None] = _told_to_nobody

    async def store(self, received: Sequence[Received]) -> list[Incoming]:
        """Store updates; returns those that are still to be handled, in order.

        A repeated update is among them while it waits: it may have been stored before without our
        hearing of it. Raises StoreUnavailable: then it is unknown whether they are stored, and none
        may be confirmed to Telegram.
        """
        rows = [self._row(entry) for entry in received]

        def insert_rows(connection: Connection) -> list[str | None]:
            return [_store(connection, row) for row in rows]

        states = await self.database.write(insert_rows)
        due = []
        for entry, state in zip(received, states, strict=True):
            if isinstance(entry, Unreadable):
                self._note(entry, is_new=state is None)
            elif state in {None, "waiting"}:
                due.append(entry)
        return due

    async def understand(self, entries: Sequence[Incoming]) -> None:
        """Let formerly unreadable updates wait to be handled. Raises StoreUnavailable."""
        rows = [self._row(entry) for entry in entries]

        def change(connection: Connection) -> None:
            for row in rows:
                _become_readable(connection, row)

        await self.database.write(change)

    async def set_aside(self, entry: Unreadable) -> None:
        """Keep a waiting update that cannot be read, as it is, for a version that can read it.

        Raises StoreUnavailable.
        """
        values = {"bot": self.bot_id, "update": entry.update_id}

        def change(connection: Connection) -> bool:
            return bool(_set_aside.run(connection, values))

        self._note(entry, is_new=await self.database.write(change))

    async def note_begun(self, update_id: int) -> None:
        """Record that a suspect update is being handled: if this process dies now, it is the cause.

        Raises StoreUnavailable.
        """
        values = {"bot": self.bot_id, "update": update_id}

        def change(connection: Connection) -> None:
            _begin.run(connection, values)

        await self.database.write(change)

    def finished(self, update_id: int, state: str) -> Statement[None]:
        """A statement for the update's unit of work: sets its state and blanks its payload."""
        values = {"bot": self.bot_id, "update": update_id, "new_state": state}
        return _set_state.with_values(values)

    def _note(self, entry: Unreadable, *, is_new: bool) -> None:
        if not is_new:
            return
        UNREADABLE.labels(entry.kind).inc()
        log.error(
            "update.unreadable",
            update_id=entry.update_id,
            update_type=entry.kind,
            reason=entry.reason,
        )
        self.tell(UpdateUnreadable(update_type=entry.kind))

    def _row(self, entry: Received) -> Row:
        if isinstance(entry, Unreadable):
            state = "unreadable"
            partition = partition_of(entry.user_id or str(entry.update_id), self.partitions)
        else:
            state, partition = "waiting", entry.partition
        return {
            "bot_id": self.bot_id,
            "update_id": entry.update_id,
            "user_id": entry.user_id,
            "partition": partition,
            "payload": entry.payload,
            "state": state,
            "attempts": 0,
            "received_at": utc_now(),
        }


def _store(connection: Connection, row: Row) -> str | None:
    """The state in which it was stored before; None when it is new."""
    if _add.run(connection, row) == 1:
        return None
    if row["state"] == "waiting" and _become_readable(connection, row):
        return "waiting"
    found = _state.first(connection, {"bot": row["bot_id"], "update": row["update_id"]})
    return None if found is None else str(found[0])


def _become_readable(connection: Connection, row: Row) -> bool:
    """Let an update wait that another version kept as unreadable; whether there was one."""
    values = {
        "bot": row["bot_id"],
        "update": row["update_id"],
        "whose": row["user_id"],
        "place": row["partition"],
        "content": row["payload"],
    }
    return _understand.run(connection, values) == 1
