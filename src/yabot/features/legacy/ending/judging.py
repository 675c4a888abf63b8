"""Judges an import by verifying that what the old store says is what is here now."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from yabot.feature import Services
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.side_by_side.dual import Dual
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import OnProgress, Subject, Verifier

LOOKS = 4
"""Looks at users who differ: an old bot may have written them between two looks."""


class Judging:
    def __init__(self, services: Services, migrations: Migrations, folder: Path) -> None:
        """``folder``: where the snapshot is."""
        self._services = services
        self._migrations = migrations
        self._folder = folder

    async def run(self, subject: Subject, on_progress: OnProgress) -> Verification:
        """Verify ``subject``. Before each further look at users who differ, what the old bot has
        written since is taken in, so that it counts as no difference. Raises what ``Verifier.run``
        does.
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
                # The look that follows reports the users who still differ.
                return

        return take_in
