"""Whether an import has done what it should: what an old store says is what is here now."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from yabot.feature import Services
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.side_by_side.dual import Dual
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import OnProgress, Subject, Verifier

LOOKS = 4
"""At those who differ: an old bot may have written them between two looks."""


class Judging:
    def __init__(self, services: Services, migrations: Migrations, folder: Path) -> None:
        """``folder``: where the snapshot is."""
        self._services = services
        self._migrations = migrations
        self._folder = folder

    async def run(self, subject: Subject, on_progress: OnProgress) -> Verification:
        """What has been written in the old bot since it was read is taken in before who differs is
        looked at again: what differs then is no news. Raises what ``Verifier.run`` does.
        """
        waits = (self._taking_in(subject.path),) * LOOKS
        return await Verifier(self._services, self._folder, waits).run(
            subject, on_progress=on_progress
        )

    def _taking_in(self, path: Path) -> Callable[[], Awaitable[None]]:
        both = Dual(self._services, path, self._folder.parent)

        async def take_in() -> None:
            try:
                await both.follow(await self._migrations.current())
            except (OldFileBusy, OldFileUnusable):
                # The look that follows says so of who differs.
                return

        return take_in
