"""Both bots at work: what the old one writes is taken in, what changes here is written for it.

Rounds never take more than their share of the time: a file that needs ten seconds to be read and
written is looked at again ninety seconds later. All that waits by then is written at once.
"""

import asyncio
from pathlib import Path
from time import monotonic

from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable
from yabot.feature import Services
from yabot.features.legacy import waiting
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.phases import (
    Migration,
    Migrations,
    in_migration_mode,
    is_rolling_back,
    why_of_another,
)
from yabot.features.legacy.side_by_side.first_touch import FirstTouch
from yabot.features.legacy.side_by_side.following import Following
from yabot.features.legacy.side_by_side.mirror import CHUNK, KIND, Mirror
from yabot.features.legacy.snapshots.forgetting import Forgetting
from yabot.observability.logging import get_logger
from yabot.observability.metrics import LEGACY_WAITING, LEGACY_WAITING_AGE
from yabot.runtime.loops import WakingLoop
from yabot.runtime.portions import portions

log = get_logger(__name__)

FOLDER = "legacy"
"""The folder in the data directory with the snapshot of the old store."""
# Seconds between two looks at the file; a look is one system call.
LOOK_EVERY = 1.0
# The pause after a round, in multiples of the time that it took.
REST = 9.0
# Seconds for which the file may be busy at every try, before that is reported as trouble.
PATIENCE = 60.0


class Dual:
    """``loop`` is to run in one process at a time."""

    def __init__(self, services: Services, path: Path, data_dir: Path) -> None:
        merger, folder = Merger(services), data_dir / FOLDER
        self._database = services.database
        self.migrations = Migrations(services.database)
        self.following = Following(services.commits, merger, self.migrations, path, folder)
        self.mirror = Mirror(services.commits, merger, self.migrations, path)
        self.forgetting = Forgetting(services.commits, folder)
        self.first_touch = FirstTouch(merger, self.migrations, path, folder)
        self.loop = WakingLoop("legacy", self.run_once, LOOK_EVERY)
        # In multiples of the time that a round took.
        self.rest = REST
        self._begin_at = 0.0
        self._busy_since: float | None = None
        self._waiting_since: float | None = None

    async def run_once(self) -> None:
        """Raises OldFileUnusable, StoreUnavailable."""
        started = monotonic()
        if started < self._begin_at:
            return
        try:
            await self._round()
            self._busy_since = None
        except OldFileBusy as error:
            self._be_patient(error)
        except GuardFailed:
            # The phase or a reader's data has changed meanwhile: the next round sees it.
            log.debug("legacy.round_begun_again")
        except InvalidInput as error:
            raise OldFileUnusable(str(error)) from error
        finally:
            now = monotonic()
            self._begin_at = now + self.rest * (now - started)
            await self._measure(now)

    async def _round(self) -> None:
        migration = await self.migrations.current()
        if in_migration_mode(migration):
            if reason := why_of_another(migration, self.following.path):
                raise OldFileUnusable(f"LEGACY_DB_PATH {reason}")
            await self.go_on(migration)
        elif not is_rolling_back(migration):
            await self._database.write(waiting.drop_changes(migration))
            await self.forgetting.run_once()

    async def follow(self, migration: Migration | None) -> None:
        """Take in what the old bot has written. Raises as ``go_on``."""
        snapshot = await self.following.run_once(migration)
        await asyncio.to_thread(snapshot.close)

    async def go_on(self, migration: Migration | None) -> None:
        """Take in what the old bot has written, and write for it what waits.

        Raises OldFileBusy, OldFileUnusable, InvalidInput, StoreUnavailable, and GuardFailed when
        the phase is another one.
        """
        snapshot = await self.following.run_once(migration)
        try:
            source = await self.following.source()
            if source.kind == KIND:
                unmerged = await self.mirror.run_once(snapshot, source, migration)
            else:
                unmerged = await self.forgetting.run_once()
            for portion in portions(unmerged, CHUNK):
                await self.following.merge(snapshot, source, migration, portion)
        finally:
            await asyncio.to_thread(snapshot.close)

    def _be_patient(self, error: OldFileBusy) -> None:
        now = monotonic()
        if self._busy_since is None:
            self._busy_since = now
        if now - self._busy_since > PATIENCE:
            raise OldFileUnusable(
                "the old bot writes its file whenever this program is about to: what changes here "
                "does not show there; let it use yabot.legacy_access instead"
            ) from error
        log.debug("legacy.file_busy")

    async def _measure(self, now: float) -> None:
        try:
            count = await self._database.read(waiting.count)
        except StoreUnavailable:
            return
        if not count:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        LEGACY_WAITING.set(count)
        since = self._waiting_since
        LEGACY_WAITING_AGE.set(0.0 if since is None else now - since)
