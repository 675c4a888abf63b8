"""Switching over to this program for good, and going back to the old bot."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from yabot.app.features import FEATURES
from yabot.app.services import following_documents, open_services
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.legacy.back import back_to_the_old_bot, bars, file_errors_told
from yabot.cli.legacy.verifying import is_mirrored, subject_of
from yabot.cli.operators import operator_name
from yabot.errors import InvalidInput
from yabot.feature import Services
from yabot.features.legacy.alone import alone_at_work
from yabot.features.legacy.ending.completion import Completing, Completion
from yabot.features.legacy.ending.rollback import RolledBack
from yabot.features.legacy.phases import Migrations, why_of_another
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

T = TypeVar("T")


def complete_migration(*, unverified: bool) -> Completion | None:
    """None: it was stopped. Raises InvalidInput if the migration is not in the phase for it, and
    while another command is at work."""
    settings = load_settings()

    async def complete(services: Services) -> Completion:
        migrations = Migrations(services.database, operator_name())
        migration = await migrations.current()
        reason = why_of_another(migration, settings.legacy_db_path)
        if reason is not None and not unverified:
            raise InvalidInput(f"LEGACY_DB_PATH {reason}")
        subject = None if unverified else subject_of(settings, migration, None)
        mirrored = is_mirrored(settings, migration)
        completing = Completing(services, migrations, settings.data_dir / FOLDER)
        with bars() as on_progress:
            return await completing.run(subject, mirrored=mirrored, on_progress=on_progress)

    return _until_stopped(settings, complete)


def roll_back_migration() -> RolledBack | None:
    """None: it was stopped. Raises InvalidInput when there is nothing to go back to, and while
    another command is at work."""
    # A missing file is made anew, so it must not count as a mistake in the settings.
    settings = load_settings(without=("LEGACY_DB_PATH",))

    async def roll_back(services: Services) -> RolledBack:
        return await back_to_the_old_bot(services, settings, operator_name(), None)

    return _until_stopped(settings, roll_back)


def completion_lines(done: Completion) -> Iterator[str]:
    if done.verification is not None:
        yield from done.verification.lines()
    if done.until is None:
        yield "The two sides differ: nothing was switched over."
        return
    yield "The migration is complete: the old store is neither read nor written any more."
    yield "Take LEGACY_DB_PATH away, if it is still set."
    yield (
        f"Until {done.until:%Y-%m-%d}, `yabot legacy rollback` leads back; then the snapshot, "
        "which holds readers' data, is deleted."
    )


def _until_stopped(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T | None:
    answers: list[T] = []

    async def serve(stop: asyncio.Event) -> None:
        async with (
            open_services(settings, FEATURES) as services,
            following_documents(services, FEATURES),
        ):
            await finished_before(stop, answer(services))

    async def answer(services: Services) -> None:
        folder = settings.data_dir / FOLDER
        with file_errors_told(folder, "mend that, and run it again"), alone_at_work(folder):
            answers.append(await work(services))

    run_until_signalled(serve)
    return answers[0] if answers else None
