"""Takes in what the old bot has written: reads its file, then merges each user who has changed.

A torn or missing file takes nobody away: users who are missing in it are written into it again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from yabot.error_text import error_text
from yabot.errors import GuardFailed, StoreUnavailable, TransientError
from yabot.features.legacy import waiting
from yabot.features.legacy.merging.halving import ATTEMPTS, in_halves
from yabot.features.legacy.merging.merger import Merged, Merger
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.record import Record
from yabot.features.legacy.side_by_side.apart import SMALL, take_snapshot
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Source
from yabot.features.legacy.sources.recognition import recognize
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import LEGACY_MERGED, labelled

log = get_logger(__name__)

CONSUMER = "legacy_following"
# Users in one commit: nobody has to wait for more of them before writing to SQLite.
CHUNK = 50


@dataclass(slots=True)
class Following:
    """Follows the store at ``path``; its snapshot is in ``folder``."""

    commits: CommitLog
    merger: Merger
    migrations: Migrations
    path: Path
    folder: Path
    # The pause between two commits, in multiples of the time that the last one took.
    rest: float = 1.0
    # Bytes: a larger file is read by a process of its own.
    small: int = SMALL
    _source: Source | None = field(default=None, init=False)
    # Users whose failed merge is in the log already, with the reason.
    _told: set[tuple[str, str]] = field(default_factory=set, init=False)

    async def run_once(self, migration: Migration | None) -> Snapshot:
        """Take a snapshot of the store, and merge what has changed. The caller closes the snapshot.

        Raises OldFileBusy, OldFileUnusable, StoreUnavailable, and GuardFailed when the phase has
        changed.
        """
        await take_snapshot(self.path, self.folder, self.small)
        snapshot = await asyncio.to_thread(Snapshot, self.folder)
        try:
            await self._merge_changes(snapshot, migration)
        except BaseException:
            snapshot.close()
            raise
        return snapshot

    async def source(self) -> Source:
        """Which kind of store it is. Raises InvalidInput."""
        if self._source is None:
            self._source = await asyncio.to_thread(recognize, self.path)
        return self._source

    async def _merge_changes(self, snapshot: Snapshot, migration: Migration | None) -> None:
        since, now = snapshot.merged, snapshot.generation
        if since == now:
            return
        source = await self.source()
        # No import was asked for yet, or it has ended: unknown users come when they first write.
        only_known = since == 0 if migration is None else not migration.is_open
        after = ""
        while entries := await asyncio.to_thread(snapshot.changed, since, after, CHUNK):
            after = entries[-1].key
            keys = [each.key for each in entries]
            await self.merge(snapshot, source, migration, keys, only_known=only_known)
        await self._write_again(snapshot, since)
        await asyncio.to_thread(snapshot.note_merged, now)
        log.debug("legacy.followed", generation=now)

    async def merge(
        self,
        snapshot: Snapshot,
        source: Source,
        migration: Migration | None,
        keys: Sequence[str],
        *,
        only_known: bool = False,
    ) -> None:
        """Merge what the snapshot says of these users. Raises StoreUnavailable, GuardFailed."""

        async def take(some: Sequence[str]) -> _Decision:
            decision = _Decision(self.merger, snapshot, source, some, only_known=only_known)
            await self._decide(decision, migration)
            return decision

        started = monotonic()
        async for part, outcome in in_halves(keys, take):
            if isinstance(outcome, Exception):
                await self._leave(part[0], outcome, migration)
                continue
            await self._settle(outcome, snapshot)
            if len(part) > 1:
                await asyncio.sleep(min(1.0, self.rest * (monotonic() - started)))
            started = monotonic()

    async def _leave(self, user_id: str, error: Exception, migration: Migration | None) -> None:
        """Leave the entry to the next change on either side; nobody overwrites it before that."""
        if isinstance(error, GuardFailed) and await self.migrations.current() != migration:
            raise error
        if (told := (user_id, error_text(error))) not in self._told:
            self._told.add(told)
            log.warning("legacy.not_merged", user_id=user_id, reason=told[1])

    async def _decide(self, decision: "_Decision", migration: Migration | None) -> None:
        async def decide(work: UnitOfWork) -> None:
            await decision.make(work)
            if work.changes_anything:
                self.migrations.hold(work, migration)

        cause = Cause.of_its_own(CONSUMER, "legacy")
        alone = len(decision.keys) == 1

        def waits_out(failure: TransientError) -> bool:
            return alone and isinstance(failure, StoreUnavailable)

        await self.commits.decide(cause, decide, attempts=ATTEMPTS, waits_out=waits_out)

    async def _settle(self, decision: "_Decision", snapshot: Snapshot) -> None:
        for user_id, merged in decision.merged.items():
            if merged.outcome != "unchanged":
                labelled(LEGACY_MERGED, merged.outcome).inc()
            if merged.conflicts:
                log.info("legacy.conflict", user_id=user_id, fields=merged.conflicts)
        gone = [each for each, found in decision.merged.items() if found.outcome == "forgotten"]
        if gone:
            # An old bot that had read them before they were forgotten has written them once more.
            await self._note(gone, removed=True)
            await asyncio.to_thread(snapshot.remove, *gone)

    async def _write_again(self, snapshot: Snapshot, since: int) -> None:
        """Note users who are here and have vanished from the file that an old bot has rewritten."""
        after = ""
        while keys := await asyncio.to_thread(snapshot.taken_out, since, after, CHUNK):
            after = keys[-1]
            seen = await self.merger.look(keys)
            await self._note([key for key in keys if seen[key].stored.profile is not None])

    async def _note(self, user_ids: Sequence[str], *, removed: bool = False) -> None:
        async def decide(work: UnitOfWork) -> None:
            for user_id in sorted(user_ids):
                work.add(waiting.note(user_id, removed=removed))

        await self.commits.decide(Cause.of_its_own(CONSUMER, "legacy"), decide)


@dataclass(slots=True)
class _Decision:
    """A decision about some users. When made again, it reads both sides again."""

    merger: Merger
    snapshot: Snapshot
    source: Source
    keys: Sequence[str]
    only_known: bool
    merged: dict[str, Merged] = field(default_factory=dict)

    async def make(self, work: UnitOfWork) -> None:
        self.merged = {}
        seen = await self.merger.look(self.keys)
        # Read after the look: so nobody has merged anything newer before the look.
        for record in await asyncio.to_thread(self._records):
            user_id = record.user.user_id
            if self.only_known and seen[user_id].stored.profile is None:
                continue
            self.merged[user_id] = await self.merger.merge(work, seen[user_id], record)

    def _records(self) -> list[Record]:
        entries = [self.snapshot.find(key) for key in self.keys]
        found = [self.source.interpret(each) for each in entries if each is not None]
        return [each for each in found if isinstance(each, Record)]
