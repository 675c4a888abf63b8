"""An import gives way: readers of a running bot come first, and what follows a commit stays short.

On SQLite whoever writes locks others out for that long; on either engine, each user who is
imported leaves a document and some events, which readers' own would have to wait behind.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from yabot.runtime.lock import is_locked
from yabot.storage.relational.database import Database, Statement

DOCUMENTS = "documents"
# Rows that may wait for whoever follows, before the import waits for them.
MOST_WAITING = 4000
# Seconds between two looks.
LOOK_EVERY = 0.1
# Seconds in which nothing becomes fewer: whoever was to work it off is not there.
PATIENCE = 5.0
# Of the time that a chunk took. Behind each, as much belongs to others.
SHARE = 1.0
LONGEST = 1.0


@dataclass(slots=True)
class Breath:
    """``waiting``: how much does, by the names of the queues. Documents are brought to MongoDB
    by the import's own process; everything else by a program, which is ``elsewhere`` perhaps: where
    several may share the stores."""

    database: Database
    data_dir: Path
    waiting: Statement[Mapping[str, int]]
    elsewhere: bool = False
    most: int = MOST_WAITING
    patience: float = PATIENCE
    look_every: float = LOOK_EVERY
    # Queues that nobody works off, whatever has been waited.
    _left_alone: set[str] = field(default_factory=set, init=False)
    _was_beside: bool = field(default=False, init=False)

    async def take(self, took: float) -> None:
        """Between two chunks, the last of which has taken so many seconds. Raises
        StoreUnavailable."""
        is_beside = is_locked(self.data_dir)
        if is_beside != self._was_beside:
            self._was_beside = is_beside
            self._left_alone.clear()
        if is_beside:
            await asyncio.sleep(min(took * SHARE, LONGEST))
        await self._wait_for_followers()

    async def _wait_for_followers(self) -> None:
        fewest: dict[str, int] = {}
        since = monotonic()
        while long := await self._long_queues():
            if any(waiting < fewest.get(name, waiting + 1) for name, waiting in long.items()):
                fewest |= long
                since = monotonic()
            elif monotonic() - since > self.patience:
                self._left_alone |= long.keys()
            await asyncio.sleep(self.look_every)

    async def _long_queues(self) -> dict[str, int]:
        """Those that somebody may be working off."""
        waiting = await self.database.read(self.waiting)
        has_program = self._was_beside or self.elsewhere
        return {
            name: count
            for name, count in waiting.items()
            if count > self.most
            and name not in self._left_alone
            and (has_program or name == DOCUMENTS)
        }
