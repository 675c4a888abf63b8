"""Notes in SQL how far each partition is published. A mark only saves asking Redis later."""

import asyncio

from yabot.bus.outbox import Mark, mark_published
from yabot.storage.relational.database import Database

# Seconds: so that many marks share one transaction.
MARK_AFTER = 0.5


class Marks:
    """The relay sets a mark after it has appended events."""

    def __init__(self, database: Database, after: float = MARK_AFTER) -> None:
        self._database = database
        self._after = after
        # How far each stream has been seen to stand.
        self._reached: dict[int, int] = {}
        self._unwritten: dict[int, Mark] = {}
        self._writing: asyncio.TimerHandle | None = None

    def reached(self, partition: int) -> int:
        """The last position seen in the stream; 0 before any was seen."""
        return self._reached.get(partition, 0)

    def see(self, partition: int, pos: int) -> None:
        """Remember that the stream stands at ``pos``, which SQL knows already."""
        self._reached[partition] = pos

    def set(self, mark: Mark) -> None:
        """Remember where the stream stands, and write that to SQL soon."""
        self._reached[mark.partition] = mark.pos
        self._unwritten[mark.partition] = mark
        if self._writing is None:
            self._writing = asyncio.get_running_loop().call_later(self._after, self.write)

    def write(self) -> None:
        """Write the marks that are not written yet, now."""
        if self._writing is None:
            return
        self._writing.cancel()
        marks, self._unwritten, self._writing = self._unwritten, {}, None
        self._database.write_later(mark_published(marks.values()))
