"""What is told of an old store that is named although nobody uses it any more."""

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
    """In a sentence, with what to do; None: LEGACY_DB_PATH has its effect."""
    if migration is None or in_migration_mode(migration):
        return None
    return (
        f"has no effect: {_WHY[migration.phase]}, and the old store is neither read nor written; "
        "take LEGACY_DB_PATH away"
    )


async def warn_of_unused_store(services: Services) -> None:
    """At each start. Raises StoreUnavailable."""
    if services.legacy_store is None:
        return
    migration = await Migrations(services.database).current()
    reason = why_unused(migration)
    if reason is not None:
        log.warning("legacy.store_unused", setting="LEGACY_DB_PATH", reason=reason)
