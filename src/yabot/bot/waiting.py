"""Updates that are stored but not handled: left by an earlier process, or stored by another."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, true, update

from yabot.bot.incoming import Incoming
from yabot.bot.intake import BEGUN, SUSPECT, Intake
from yabot.bot.reading import Unreadable, read_stored
from yabot.bot.tables import updates
from yabot.clock import utc_now
from yabot.runtime.portions import portions

# So many payloads are read by one statement.
READ_AT_ONCE = 500

_all = select(
    updates.c.update_id, updates.c.payload, updates.c.attempts, updates.c.received_at
).order_by(updates.c.update_id)
_Row = Row[int, str, int, datetime]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored update that nobody has handled yet."""

    incoming: Incoming
    attempts: int
    received_at: datetime

    @property
    def is_suspect(self) -> bool:
        """Whether it is handled alone: processes died of it, or of what waited beside it."""
        return self.attempts >= SUSPECT and not self.is_given_up

    @property
    def is_given_up(self) -> bool:
        """Whether the last of several processes died while handling it; a suspect pre-checkout is
        given up before, as nobody waits for its answer any more.

        A payment is never given up: it is handled again, alone, until it is settled.
        """
        if self.incoming.is_pre_checkout:
            return self.attempts >= SUSPECT
        return self.attempts > BEGUN and not self.incoming.is_payment

    @property
    def age(self) -> timedelta:
        return utc_now() - self.received_at


@dataclass(frozen=True, slots=True)
class Window:
    """The first ``most`` waiting updates, with at most ``of_one`` of each reader, so that a reader
    who has sent thousands hides nobody."""

    most: int
    of_one: int


class WaitingUpdates:
    """Every method raises StoreUnavailable."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._database = intake.database
        self._waits = (updates.c.bot_id == intake.bot_id) & (updates.c.state == "waiting")

    async def find(
        self, partitions: Collection[int], known: Collection[int], window: Window | None = None
    ) -> list[Waiting]:
        """Waiting updates in ``partitions`` that are not ``known``, lowest ``update_id`` first.

        Looks no further than ``window``, in which the known ones count, too.
        """
        waits = self._waits & updates.c.partition.in_(partitions)
        first = _first(waits, window).order_by("update_id")

        def read(connection: Connection) -> list[_Row]:
            ids = [n for n in connection.execute(first).scalars() if n not in known]
            return [
                row for part in portions(ids, READ_AT_ONCE) for row in self._rows(connection, part)
            ]

        return await self._understood(await self._database.read(read))

    async def before(self, stored: Sequence[Incoming]) -> list[Waiting]:
        """What the users of ``stored`` sent before the first of it, lowest ``update_id`` first."""
        users = {entry.user_id for entry in stored if entry.user_id is not None}
        if not users:
            return []
        earlier = updates.c.update_id < min(entry.update_id for entry in stored)
        query = _all.where(self._waits & earlier & updates.c.user_id.in_(users))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return await self._understood(rows)

    async def count_attempt(self, partitions: Collection[int]) -> None:
        """Count an attempt for every update that waits there: the previous owner may have died of
        it. A suspect that was not begun is not counted: it cannot be the cause.

        After an ``excuse_attempt`` the counts are as before, except that an update that was begun
        is a suspect again.
        """
        await self._change_attempts(partitions, 1, updates.c.attempts != SUSPECT)

    async def excuse_attempt(self, partitions: Collection[int]) -> None:
        """Take one attempt off, for an orderly stop: the next start will count one."""
        await self._change_attempts(partitions, -1, true())

    async def _change_attempts(
        self, partitions: Collection[int], by: int, those: ColumnElement[bool]
    ) -> None:
        if not partitions:
            return
        there = self._waits & updates.c.partition.in_(partitions) & those
        statement = update(updates).where(there).values(attempts=updates.c.attempts + by)

        def change(connection: Connection) -> None:
            connection.execute(statement)

        await self._database.write(change)

    def _rows(self, connection: Connection, ids: Sequence[int]) -> Sequence[_Row]:
        return connection.execute(_all.where(self._waits, updates.c.update_id.in_(ids))).all()

    async def _understood(self, rows: Sequence[_Row]) -> list[Waiting]:
        """The readable rows; one that this version cannot read is set aside for another version."""
        found = []
        for update_id, payload, attempts, received_at in rows:
            entry = read_stored(update_id, payload, self._intake.partitions)
            if isinstance(entry, Unreadable):
                await self._intake.set_aside(entry)
            else:
                found.append(Waiting(entry, attempts, received_at))
        return found


def _first(waits: ColumnElement[bool], window: Window | None) -> Select[int]:
    if window is None:
        return select(updates.c.update_id).where(waits)
    place = func.row_number().over(partition_by=updates.c.user_id, order_by=updates.c.update_id)
    placed = select(updates.c.update_id, place.label("place")).where(waits).subquery()
    first = select(placed.c.update_id).where(placed.c.place <= window.of_one)
    return first.limit(window.most)
