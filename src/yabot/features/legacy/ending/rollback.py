"""Goes back to the old bot: brings its store up to date with all that has happened since.

Each step can be repeated, so a roll-back that was killed is run again. The phase says that it has
begun, and keeps everybody else from changing either side meanwhile.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yabot.errors import InvalidInput
from yabot.feature import Services
from yabot.features.legacy.ending.taking_away import Taken, TakingAway
from yabot.features.legacy.ending.writing_back import WritingBack
from yabot.features.legacy.events import Phase, Reason
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.old_files.restoring import is_whole
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.side_by_side.mirror import KIND
from yabot.features.legacy.snapshots.snapshot import FILE
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import Subject, Verifier
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger

log = get_logger(__name__)

REASON = "rolled_back_because"
"""The report's key for the reason: a roll-back that is run again after a kill finds it there."""

OnProgress = Callable[[str, int, int], None]
"""What is being done, how many users are done, and of how many."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """``path``: the file for the old bot. ``left``: how many users have gone on meanwhile."""

    path: Path
    restored: bool
    compared: Verification
    """The file compared with what was here, before anybody was taken away."""
    taken: Taken
    left: int

    @property
    def users(self) -> int:
        """How many users were here and are in the file."""
        return self.compared.counts["agrees"] + self.compared.counts["differs"]

    @property
    def besitos_in_store(self) -> int:
        """The file's besitos of users who were here; those only in it were taken away before."""
        apart = (
            (each.besitos_there if each.kind == "differs" else 0) - each.besitos_here
            for each in self.compared.told
        )
        return self.compared.besitos_here + sum(apart)

    @property
    def reconciles(self) -> bool:
        return self.besitos_in_store == self.compared.besitos_here

    def counts(self) -> dict[str, Any]:
        return {
            "store": str(self.path),
            "restored_from_snapshot": self.restored,
            "users": {
                "in_both": self.users,
                "taken_away": self.taken.users,
                "stay": self.users - self.taken.users,
                "still_waiting": self.left,
            },
            "besitos": {
                "in_the_store": self.besitos_in_store,
                "here_before": self.compared.besitos_here,
                "taken_away": self.taken.besitos,
                "reconcile": self.reconciles,
            },
        }


def _require_usable(migration: Migration) -> None:
    """Raises InvalidInput if the old store cannot be read, or its replacement cannot be made."""
    path = migration.path.resolve()
    is_there = os.path.lexists(path)
    if is_there and not path.is_file():
        raise InvalidInput(f"{path} is no file: put the old bot's there, then roll back")
    if is_there and not os.access(path, os.R_OK):
        raise InvalidInput(f"{path} cannot be read: permit that, then roll back")
    is_to_be_made = not is_there or migration.kind != KIND
    if is_to_be_made and not os.access(path.parent, os.W_OK | os.X_OK):
        raise InvalidInput(
            f"{path.parent} is not there or cannot be written, where the old bot's file is to be "
            "made: mend that, then roll back"
        )


class Rollback:
    def __init__(self, services: Services, migrations: Migrations, folder: Path) -> None:
        """``folder``: where the snapshot is."""
        self._services = services
        self._commits = services.commits
        self._migrations = migrations
        self._merger = Merger(services)
        self._folder = folder

    async def run(self, reason: Reason | None, on_progress: OnProgress) -> RolledBack:
        """Roll back to the end. After an earlier roll-back, write users who have gone on since.

        Raises InvalidInput when there is nothing to go back to, OldFileUnusable, StoreUnavailable:
        then it is to be run again.
        """
        migration = await self._begin(reason)
        path, restored, left = await self._write_back(migration, on_progress)
        compared = await self._compare(path, on_progress)
        taking = TakingAway(self._services, self._migrations, self._merger)
        taken = await taking.run(
            migration, lambda done: on_progress("taking away", done, compared.counts["agrees"])
        )
        done = RolledBack(path, restored, compared, taken, left)
        log.info("legacy.rolled_back", **done.counts())
        if migration.phase == "rolling_back":
            report = {**migration.report, "rolled_back": done.counts()}
            await self._enter("rolled_back", report, migration.report.get(REASON))
        return done

    async def _begin(self, reason: Reason | None) -> Migration:
        migration = await self._migrations.current()
        if migration is None:
            raise InvalidInput("there is no migration: nothing is to be rolled back")
        if migration.phase in ("rolling_back", "rolled_back"):
            return migration
        await asyncio.to_thread(self._require_way_back, migration)
        if reason is not None:
            log.error("legacy.rolling_back", reason=reason)
        report = {**migration.report, REASON: reason}
        return await self._enter("rolling_back", report, reason)

    def _require_way_back(self, migration: Migration) -> None:
        """Raises InvalidInput for what is known to fail before anybody is kept from either side."""
        _require_usable(migration)
        has_snapshot = (self._folder / FILE).exists()
        if migration.phase == "completed" and not has_snapshot:
            raise InvalidInput(
                "the migration was completed so long ago that its snapshot is not there any more: "
                "it cannot be rolled back"
            )
        if not has_snapshot and not self._is_there(migration):
            raise InvalidInput(
                f"{migration.path} is missing or torn, and there is no snapshot in {self._folder} "
                "to make it from: bring either back, then roll back"
            )

    @staticmethod
    def _is_there(migration: Migration) -> bool:
        """Whether the old bot could go on with its store as it is."""
        return is_whole(migration.path) if migration.kind == KIND else migration.path.exists()

    async def _write_back(
        self, migration: Migration, on_progress: OnProgress
    ) -> tuple[Path, bool, int]:
        """The old bot's file, whether the snapshot restored it, and how many users are left."""
        is_there = await asyncio.to_thread(self._is_there, migration)
        writing = WritingBack(self._services, self._migrations, self._folder)
        if migration.kind != KIND:
            return await writing.copy(migration), not is_there, 0
        if not is_there:
            await writing.restore(migration)
        await writing.note_everybody(migration)
        left = await writing.settle(
            migration, lambda done, all_: on_progress("writing back", done, all_)
        )
        return migration.path, not is_there, left

    async def _compare(self, path: Path, on_progress: OnProgress) -> Verification:
        verifier = Verifier(self._services, self._folder, waits=())
        return await verifier.run(
            Subject(JsonFile(), path, mirrored=True),
            on_progress=lambda done, all_: on_progress("comparing", done, all_),
        )

    async def _enter(
        self, phase: Phase, report: Mapping[str, Any], reason: Reason | None
    ) -> Migration:
        async def decide(work: UnitOfWork) -> Migration:
            return await self._migrations.enter(work, phase, report, reason=reason)

        cause = Cause.of_its_own("legacy", "legacy")
        return (await self._commits.decide(cause, decide)).answer
