"""Deletes the snapshot, which holds readers' data, once nobody is to go back any more."""

import asyncio
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from yabot.clock import from_microseconds
from yabot.features.legacy.alone import AnotherAtWork, alone_at_work
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.snapshots.snapshot import FILE
from yabot.observability.logging import get_logger
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)

KEPT = timedelta(days=30)
"""After the migration has ended, or after a rehearsal. A roll-back is possible for as long."""

LOOK_EVERY = 3600.0


class SnapshotExpiry:
    def __init__(self, migrations: Migrations, folder: Path, clock: TrustedClock) -> None:
        """``folder``: where the snapshot is, with the reports."""
        self._clock = clock
        self._migrations = migrations
        self._folder = folder

    async def look(self) -> None:
        """Raises StoreUnavailable, OSError, ClockDistrusted."""
        if not await self._is_needless():
            return
        # A roll-back or an import holds this lock, and may have begun since we looked.
        with suppress(AnotherAtWork), alone_at_work(self._folder):
            if await self._is_needless():
                await asyncio.to_thread(shutil.rmtree, self._folder)
                log.info("legacy.snapshot_deleted")

    async def _is_needless(self) -> bool:
        """Whether there is a snapshot, and nobody is to go back any more."""
        file = self._folder / FILE
        if not file.exists():
            return False
        migration = await self._migrations.current()
        if migration is not None and migration.phase not in ("completed", "rolled_back"):
            return False
        since = from_microseconds(file.stat().st_mtime_ns // 1000)
        if migration is not None:
            since = max(since, migration.changed_at)
        return self._clock.now() - since > KEPT
