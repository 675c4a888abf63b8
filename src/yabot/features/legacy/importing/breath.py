"""Makes an import give way to a running bot's readers, and keeps the followers' queues short.

On SQLite a writer locks all others out meanwhile. On either engine each imported user leaves a
document and some events, and those of readers would have to wait behind them.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from yabot.runtime.lock import is_locked
from yabot.storage.relational.database import Database, Statement

DOCUMENTS = "documents"
# Rows that may wait in a queue before the import waits for it to become shorter.
MOST_WAITING = 4000
# Seconds between two looks.
LOOK_EVERY = 0.1
# Seconds without progress, after which nobody is believed to work off a queue.
PATIENCE = 5.0
# The pause after each chunk: a share of the time that the chunk took, and at most so many seconds.
SHARE = 1.0
LONGEST = 1.0


@dataclass(slots=True)
class Breath:
    """``waiting`` counts the waiting rows by queue. The import's own process brings documents to
    MongoDB; a running program works off the other queues. ``elsewhere``: it may run on another
    machine, because several may share the stores."""

    database: Database
    data_dir: Path
    waiting: Statement[Mapping[str, int]]
    elsewhere: bool = False
    most: int = MOST_WAITING
    patience: float = PATIENCE
    look_every: float = LOOK_EVERY
    # Queues that nobody works off: the import waits for them no longer.
    _left_alone: set[str] = field(default_factory=set, init=False)
    _was_beside: bool = field(default=False, init=False)

    async def take(self, took: float) -> None:
        """Pause after a chunk that took ``took`` seconds. Raises StoreUnavailable."""
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
        """Queues that are too long, and that somebody may be working off."""
        waiting = await self.database.read(self.waiting)
        has_program = self._was_beside or self.elsewhere
        return {
            name: count
            for name, count in waiting.items()
            if count > self.most
            and name not in self._left_alone
            and (has_program or name == DOCUMENTS)
        }
