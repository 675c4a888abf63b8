"""Notes in SQL how far each partition is published. A mark only saves a later look at Redis."""

import asyncio

from yabot.bus.outbox import Mark, mark_published
from yabot.storage.relational.database import Database

# Each is a transaction: many share one.
MARK_AFTER = 0.5


class Marks:
    """Set by the relay, behind what it has appended."""

    def __init__(self, database: Database, after: float = MARK_AFTER) -> None:
        self._database = database
        self._after = after
        # How far each stream has been seen to stand.
        self._reached: dict[int, int] = {}
        self._unwritten: dict[int, Mark] = {}
        self._writing: asyncio.TimerHandle | None = None

    def reached(self, partition: int) -> int:
        """0 before anything was seen there."""
        return self._reached.get(partition, 0)

    def see(self, partition: int, pos: int) -> None:
        """The stream stands there, and SQL knows it."""
        self._reached[partition] = pos

    def set(self, mark: Mark) -> None:
        """The stream stands there, and SQL is to know it soon."""
        self._reached[mark.partition] = mark.pos
        self._unwritten[mark.partition] = mark
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(self._after, self.write)

    def write(self) -> None:
        """Whatever is not written yet, now."""
        if self._writing is None:
            return
        self._writing.cancel()
        marks, self._unwritten, self._writing = self._unwritten, {}, None
        self._database.write_later(mark_published(marks.values()))
