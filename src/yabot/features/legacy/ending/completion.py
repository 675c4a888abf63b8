"""Completes the migration: from then on the old store is neither read nor written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from yabot.clock import rfc3339
from yabot.errors import InvalidInput
from yabot.feature import Services
from yabot.features.legacy.ending.writing_back import WritingBack
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.snapshots.expiry import KEPT
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import WAITS, Subject, Verifier, Wait
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger

log = get_logger(__name__)

OnProgress = Callable[[str, int, int], None]
"""What is being done, how many users are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Completion:
    """``until`` when the migration can be rolled back; None: it was not completed."""

    verification: Verification | None
    until: datetime | None

    def as_json(self) -> dict[str, Any]:
        found = self.verification
        return {
            "completed": self.until is not None,
            "can_be_rolled_back_until": None if self.until is None else rfc3339(self.until),
            "verification": None if found is None else found.as_json(),
        }


class Completing:
    def __init__(self, services: Services, migrations: Migrations, folder: Path) -> None:
        """``folder``: where the snapshot is."""
        self._services = services
        self._migrations = migrations
        self._folder = folder

    async def run(
        self,
        subject: Subject | None,
        *,
        mirrored: bool,
        on_progress: OnProgress,
        waits: Sequence[Wait] = WAITS,
    ) -> Completion:
        """Write the last changes, if the old store is ``mirrored``; verify ``subject``, and switch
        over if nothing differs. Without a subject, switch over in any case.

        Raises InvalidInput in any phase but ``dual``, OldFileUnusable, StoreUnavailable.
        """
        migration = await self._require_both_at_work()
        if mirrored:
            await self._settle(migration, on_progress, insists=subject is not None)
        found = None
        if subject is not None:
            found = await Verifier(self._services, self._folder, waits).run(
                subject, on_progress=lambda done, all_: on_progress("verifying", done, all_)
            )
            if not found.is_clean:
                return Completion(found, None)
        return Completion(found, (await self._complete()).changed_at + KEPT)

    async def _require_both_at_work(self) -> Migration:
        migration = await self._migrations.current()
        if migration is not None and migration.phase == "dual":
            return migration
        # Raises the error that says why it cannot be completed.
        await self._migrations.enter(UnitOfWork(_cause()), "completed")
        raise InvalidInput("the migration is complete already")

    async def _settle(
        self, migration: Migration, on_progress: OnProgress, *, insists: bool
    ) -> None:
        writing = WritingBack(self._services, self._migrations, self._folder)
        try:
            await writing.settle(
                migration, lambda done, all_: on_progress("writing the last changes", done, all_)
            )
        except (OldFileBusy, OldFileUnusable) as error:
            if insists:
                raise
            log.warning("legacy.last_changes_not_written", reason=str(error))

    async def _complete(self) -> Migration:
        async def decide(work: UnitOfWork) -> Migration:
            return await self._migrations.enter(work, "completed")

        return (await self._services.commits.decide(_cause(), decide)).answer


def _cause() -> Cause:
    return Cause.of_its_own("legacy", "legacy")
