"""Gives a user of the old bot here what they had there, when they come for the first time.

The very unit of work that registers them merges it. Nobody waits for the old file: it is looked up
in the snapshot. If there is none yet, or it lacks the user, ``following`` merges them later.
"""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from yabot.error_text import error_text, kind_of
from yabot.errors import StoreUnavailable, TerminalError, YabotError
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.phases import Migrations, in_migration_mode
from yabot.features.legacy.record import Record
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.port import Source
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.users.service import User
from yabot.features.users.states import StateUnusable
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import LEGACY_MERGED, labelled

log = get_logger(__name__)


@dataclass(slots=True)
class FirstTouch:
    merger: Merger
    migrations: Migrations
    path: Path
    folder: Path
    _source: Source | None = None

    async def merge(self, work: UnitOfWork, user: User) -> None:
        """For ``UserService.on_registered``. Raises StoreUnavailable, GuardFailed."""
        migration = await self.migrations.current()
        if not in_migration_mode(migration):
            return
        seen = (await self.merger.look([user.user_id]))[user.user_id]
        if seen.forgotten:
            return
        # Read after the look, as everywhere: so nothing newer was merged before the look.
        record = await asyncio.to_thread(self._find, user.user_id)
        if record is None:
            return
        draft, profile, state = work.copy(), user.profile, user.loaded
        try:
            merged = await self.merger.merge(draft, seen, record, user)
        except (TerminalError, StateUnusable, ValueError, StoreUnavailable) as error:
            # The reader must get an answer all the same; the merge is made later.
            log.warning("legacy.not_merged", user_id=user.user_id, reason=error_text(error))
            user.profile, user.loaded = profile, state
            return
        self.migrations.hold(draft, migration)
        draft.afterwards.append(labelled(LEGACY_MERGED, merged.outcome).inc)
        work.become(draft)

    async def find(self, user_id: str) -> Record | None:
        """The user's record in the snapshot; None outside migration mode, or if it has none.

        Raises StoreUnavailable.
        """
        if not in_migration_mode(await self.migrations.current()):
            return None
        return await asyncio.to_thread(self._find, user_id)

    def _find(self, user_id: str) -> Record | None:
        try:
            snapshot = Snapshot.open(self.folder)
            if snapshot is None:
                return None
            with closing(snapshot):
                entry = snapshot.find(user_id)
            if entry is None:
                return None
            if self._source is None:
                self._source = recognize(self.path)
            found = self._source.interpret(entry)
        except (YabotError, sqlite3.Error, OSError) as error:
            # The old store is no reason to leave a reader without an answer.
            log.warning("legacy.not_looked_up", user_id=user_id, reason=kind_of(error))
            return None
        return found if isinstance(found, Record) else None
