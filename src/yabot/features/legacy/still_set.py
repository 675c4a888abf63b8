"""Warns that LEGACY_DB_PATH names an old store that is not used any more."""

from yabot.feature import Services
from yabot.features.legacy.phases import Migration, Migrations, in_migration_mode
from yabot.observability.logging import get_logger

log = get_logger(__name__)

_WHY = {
    "completed": "the migration is complete",
    "rolling_back": "the migration is being rolled back",
    "rolled_back": "the migration has been rolled back",
}


def why_unused(migration: Migration | None) -> str | None:
    """Why LEGACY_DB_PATH has no effect, with what to do, in a sentence; None: it has one."""
    if migration is None or in_migration_mode(migration):
        return None
    return (
        f"has no effect: {_WHY[migration.phase]}, and the old store is neither read nor written; "
        "take LEGACY_DB_PATH away"
    )


async def warn_of_unused_store(services: Services) -> None:
    """Called at each start. Raises StoreUnavailable."""
    if services.legacy_store is None:
        return
    migration = await Migrations(services.database).current()
    reason = why_unused(migration)
    if reason is not None:
        log.warning("legacy.store_unused", setting="LEGACY_DB_PATH", reason=reason)
