"""Brings each side's changes to the other, until the old store and the new ones say the same.

Takes the steps that ``Dual`` repeats beside a running bot; here a command takes them to an end.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from itertools import islice
from pathlib import Path

from yabot.feature import Services
from yabot.features.legacy import waiting
from yabot.features.legacy.ending.json_copy import JsonCopy
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.old_files.restoring import restore
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.record import Record
from yabot.features.legacy.repository import untouched_among
from yabot.features.legacy.side_by_side.apart import take_snapshot
from yabot.features.legacy.side_by_side.dual import Dual
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Damage, Entry, Source
from yabot.features.legacy.sources.recognition import of_kind
from yabot.features.users.service import UserService
from yabot.log.commit_log import Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.runtime.backoff import backoff

PAGE = 500
# How many rounds may make no progress or leave less than a page, before it is left at that: readers
# go on meanwhile.
ROUNDS = 5
# Tries in a row to replace the file: an old bot may write it just before each of them.
MOST_BUSY = 10

OnProgress = Callable[[int, int], None]
"""How many users are done, and of how many."""


class WritingBack:
    """Everything raises StoreUnavailable, and GuardFailed when the phase is another one."""

    def __init__(self, services: Services, migrations: Migrations, folder: Path) -> None:
        """``folder``: where the snapshot is."""
        self._services = services
        self._commits = services.commits
        self._users = services[UserService]
        self._migrations = migrations
        self._merger = Merger(services)
        self._folder = folder

    async def restore(self, migration: Migration) -> None:
        """Make the file anew from the snapshot, with what can still be read of the file. Users who
        are here, and whose entry is no JSON, are noted to be written. Raises OldFileUnusable,
        OSError."""
        with suppress(OldFileBusy, OldFileUnusable):
            await take_snapshot(migration.path, self._folder)
        async with self._snapshot() as snapshot:
            await asyncio.to_thread(restore, migration.path, snapshot)
        # Users who are missing in the new file are written into it, even if unchanged since.
        await _insist(lambda: self._both(migration).follow(migration))

    async def copy(self, migration: Migration) -> Path:
        """For a store that is only read: write everybody into a JSON file, and return its path.
        Raises OldFileUnusable, OSError."""
        if migration.path.exists():
            await self._both(migration).follow(migration)
        async with self._snapshot() as snapshot:
            copy = JsonCopy(self._services, self._migrations, self._merger)
            return await copy.write(migration, snapshot, of_kind(migration.kind))

    async def note_everybody(self, migration: Migration) -> None:
        """Note users who are here to be written, and forgotten users who are still in the file to
        be removed; but nobody whom the import has brought, and who has done nothing since."""
        after = ""
        while page := await self._users.page(after, PAGE):
            after = page[-1].user_id
            await self._note_those(migration, [each.user_id for each in page])
        # The snapshot has no forgotten users, so the file itself is read for them.
        source = of_kind(migration.kind)
        entries = source.entries(migration.path)
        while found := await asyncio.to_thread(lambda: [*islice(entries, PAGE)]):
            await self._note_forgotten(migration, found, source)

    async def settle(self, migration: Migration, on_progress: OnProgress) -> int:
        """Write all who wait. Returns how many still do, because they go on meanwhile. Raises
        OldFileUnusable."""
        both = self._both(migration)
        left = most = await self._left()
        rounds = 0
        while left and rounds < ROUNDS:
            before = left
            await _insist(lambda: both.go_on(migration))
            left = await self._left()
            most = max(most, left)
            on_progress(most - left, most)
            # A round cannot count its own writes: only the next round finds them in the file.
            rounds += left >= before or left < PAGE
        return left

    def _both(self, migration: Migration) -> Dual:
        return Dual(self._services, migration.path, self._folder.parent)

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Snapshot]:
        snapshot = await asyncio.to_thread(Snapshot.open, self._folder)
        if snapshot is None:
            raise OldFileUnusable(f"there is no whole snapshot in {self._folder}")
        with closing(snapshot):
            yield snapshot

    async def _left(self) -> int:
        return await self._commits.database.read(waiting.count)

    async def _note_those(self, migration: Migration, user_ids: Sequence[str]) -> None:
        async def decide(work: UnitOfWork) -> None:
            untouched = await self._commits.database.read(untouched_among(user_ids))
            for user_id in user_ids:
                if user_id not in untouched:
                    work.add(waiting.note(user_id))
            self._hold(work, migration)

        await self._decide(decide)

    async def _note_forgotten(
        self, migration: Migration, found: Sequence[Entry | Damage], source: Source
    ) -> None:
        records = (source.interpret(each) for each in found if isinstance(each, Entry))
        user_ids = [each.user.user_id for each in records if isinstance(each, Record)]

        async def decide(work: UnitOfWork) -> None:
            seen = await self._merger.look(user_ids)
            for user_id in user_ids:
                if seen[user_id].forgotten:
                    work.add(waiting.note(user_id, removed=True))
            self._hold(work, migration)

        await self._decide(decide)

    def _hold(self, work: UnitOfWork, migration: Migration) -> None:
        if work.changes_anything:
            self._migrations.hold(work, migration)

    async def _decide(self, decision: Decision[None]) -> None:
        await self._commits.decide(Cause.of_its_own("legacy", "legacy"), decision)


async def _insist(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat ``step`` while an old bot writes the file, which is only replaced as it was read."""
    pauses = backoff(most=1.0)
    for _ in range(MOST_BUSY - 1):
        try:
            return await step()
        except OldFileBusy:
            await asyncio.sleep(next(pauses))
    return await step()
