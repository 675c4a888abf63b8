"""Compares the old bot's store with this one, for an operator who is about to switch over."""

import asyncio
from pathlib import Path

from yabot.app.features import FEATURES
from yabot.app.services import open_services
from yabot.cli.context import load_settings
from yabot.cli.progress import progress_bar
from yabot.errors import InvalidInput
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import Subject, Verifier
from yabot.settings import Settings


def verify_store(file: Path | None, *, sample: int | None, seed: int) -> Verification:
    """Verify ``file``, else LEGACY_DB_PATH, else what was imported last.

    Raises InvalidInput if there is none of these, or if it is no old store; and what opening the
    stores raises.
    """
    return asyncio.run(_verify(load_settings(), file, sample, seed))


async def _verify(
    settings: Settings, file: Path | None, sample: int | None, seed: int
) -> Verification:
    async with open_services(settings, FEATURES) as services:
        migration = await Migrations(services.database).current()
        subject = subject_of(settings, migration, file)
        verifier = Verifier(services, settings.data_dir / FOLDER)
        with progress_bar("verifying", "users") as advance:
            return await verifier.run(subject, sample=sample, seed=seed, on_progress=advance)


def subject_of(settings: Settings, migration: Migration | None, file: Path | None) -> Subject:
    """Raises InvalidInput."""
    imported = None if migration is None else migration.path
    path = file or settings.legacy_db_path or imported
    if path is None:
        raise InvalidInput("name the old bot's file, or set LEGACY_DB_PATH to it")
    path = path.absolute()
    is_imported = migration is not None and migration.is_of(path)
    mirrored = is_imported and is_mirrored(settings, migration)
    return Subject(recognize(path), path, mirrored=mirrored)


def is_mirrored(settings: Settings, migration: Migration | None) -> bool:
    """Whether what happens here is written to the store that was imported."""
    used = settings.legacy_db_path
    if migration is None or used is None or migration.kind != JsonFile.kind:
        return False
    return migration.is_open and migration.is_of(used)
