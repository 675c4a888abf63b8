"""Updates that are stored and not handled: left by an earlier process, or stored by another."""

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

# So many payloads are asked for in one statement.
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
        """To be handled alone: processes have died of it, or of what waited beside it."""
        return self.attempts >= SUSPECT and not self.is_given_up

    @property
    def is_given_up(self) -> bool:
        """The last of so many has died while it handled this one; or nobody waits for it any more.

        Never what has been paid: it is begun anew, alone, until it is settled.
        """
        if self.incoming.is_pre_checkout:
            return self.attempts >= SUSPECT
        return self.attempts > BEGUN and not self.incoming.is_payment

    @property
    def age(self) -> timedelta:
        return utc_now() - self.received_at


@dataclass(frozen=True, slots=True)
class Window:
    """The first ``most`` that wait; of one reader the first ``of_one``: one who has sent thousands
    hides nobody."""

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
        """Those in ``partitions``, lowest ``update_id`` first, without the ``known`` ones.

        Looks no further than ``window``; in it the known ones count.
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
        """What the users of ``stored`` have sent before all of it, lowest ``update_id`` first."""
        users = {entry.user_id for entry in stored if entry.user_id is not None}
        if not users:
            return []
        earlier = updates.c.update_id < min(entry.update_id for entry in stored)
        query = _all.where(self._waits & earlier & updates.c.user_id.in_(users))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return await self._understood(rows)

    async def count_attempt(self, partitions: Collection[int]) -> None:
        """Whoever had what waits there may have died of it: of what was begun alone, and no other.

        ``excuse_attempt`` before it leaves all of them as they were.
        """
        await self._change_attempts(partitions, 1, updates.c.attempts != SUSPECT)

    async def excuse_attempt(self, partitions: Collection[int]) -> None:
        """What waits there is left in order, which the next start cannot know when it counts."""
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
        """One that this version cannot read is left for another to try."""
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
