"""Updates that an earlier version could not read: tried again at each start."""

import json
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import Connection, select

from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.reading import Unreadable, read_raw
from yabot.bot.tables import updates
from yabot.bot.unreadable import AT_ONCE, Tried, try_again
from yabot.errors import InvalidInput

_Row = tuple[int, str]


# Begins to handle stored updates.
Begin = Callable[[Sequence[Incoming]], Awaitable[None]]


class UnreadableUpdates:
    """Rows that are stored as ``unreadable``: by this version or by an earlier one."""

    def __init__(self, intake: Intake, begin: Begin) -> None:
        self._intake = intake
        self._begin = begin
        self._kept = (updates.c.bot_id == intake.bot_id) & (updates.c.state == "unreadable")

    async def try_again(self) -> None:
        """Handle the updates that can be read now. Raises StoreUnavailable."""
        await try_again("updates", self._after, self._restore)

    async def _after(self, update_id: int) -> list[_Row]:
        query = (
            select(updates.c.update_id, updates.c.payload)
            .where(self._kept, updates.c.update_id > update_id)
            .order_by(updates.c.update_id)
            .limit(AT_ONCE)
        )

        def read(connection: Connection) -> list[_Row]:
            return [(row[0], row[1]) for row in connection.execute(query)]

        return await self._intake.database.read(read)

    async def _restore(self, rows: Sequence[_Row]) -> Tried:
        found = [self._read(payload) for _, payload in rows]
        readable = [entry for entry in found if entry is not None]
        await self._intake.understand(readable)
        await self._begin(readable)
        return Tried(len(readable), len(rows) - len(readable))

    def _read(self, payload: str) -> Incoming | None:
        try:
            entry = read_raw(json.loads(payload), self._intake.partitions)
        except (ValueError, RecursionError, InvalidInput):
            return None
        return None if isinstance(entry, Unreadable) else entry
