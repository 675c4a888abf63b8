"""Removes users who were deleted here from the snapshot, where the old store is not written."""

import asyncio
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from yabot.features.legacy import waiting
from yabot.features.legacy.phases import current, is_rolling_back
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.waiting import Waiting
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.runtime.loops import WakingLoop

CONSUMER = "legacy_forgetting"
AT_ONCE = 1000
LOOK_EVERY = 3600.0


@dataclass(slots=True)
class Forgetting:
    commits: CommitLog
    folder: Path

    async def run_once(self) -> list[str]:
        """Remove them and settle all notes; returns who was noted for a change. Raises
        StoreUnavailable."""
        if is_rolling_back(await self.commits.database.read(current)):
            return []
        noted = await self.commits.database.read(waiting.noted(AT_ONCE))
        removed = [each.user_id for each in noted if each.removed]
        if removed:
            await asyncio.to_thread(self._remove, removed)
        if noted:
            await self._settle(noted)
        return [each.user_id for each in noted if not each.removed]

    def loop(self) -> WakingLoop:
        """A loop that runs this after each deletion."""

        async def step() -> None:
            await self.run_once()

        loop = WakingLoop("legacy", step, LOOK_EVERY)

        def notice(committed: Committed) -> None:
            if any(change.document is None for _, change in committed.documents):
                loop.wake()

        self.commits.followers.append(notice)
        return loop

    def _remove(self, keys: list[str]) -> None:
        snapshot = Snapshot.open(self.folder)
        if snapshot is None:
            return
        with closing(snapshot):
            snapshot.remove(*keys)

    async def _settle(self, noted: list[Waiting]) -> None:
        async def decide(work: UnitOfWork) -> None:
            for each in noted:
                work.add(waiting.done(each))

        await self.commits.decide(Cause.of_its_own(CONSUMER, "legacy"), decide)
