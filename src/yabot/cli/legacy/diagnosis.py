"""Tells `yabot doctor` whether the store that LEGACY_DB_PATH names is used."""

import asyncio

from sqlalchemy import Engine, inspect

from yabot.cli.probes import Check, answer
from yabot.cli.rehearsal import MEND, looking
from yabot.features.legacy.phases import Migration, current, why_of_another
from yabot.features.legacy.still_set import why_unused
from yabot.features.legacy.tables import legacy_migrations
from yabot.settings import Settings
from yabot.storage.relational.database import store_errors

MIGRATION = "migration"

_TOLD = {
    "importing": "an import is under way or was ended; `yabot legacy import` goes on with it",
    "dual": "both bots are at work; `yabot legacy complete` or `rollback` ends that",
}


async def migration(settings: Settings) -> Check:
    """How far the migration is, and whether LEGACY_DB_PATH, which is set, has an effect."""
    return await answer(MIGRATION, _examine(settings), MEND)


async def _examine(settings: Settings) -> Check:
    found = await _found(settings)
    reason = why_unused(found) or why_of_another(found, settings.legacy_db_path)
    if reason is not None:
        return Check("LEGACY_DB_PATH", "warning", reason)
    told = "has not begun: `yabot legacy import FILE`" if found is None else _TOLD[found.phase]
    return Check(MIGRATION, "ok", told)


async def _found(settings: Settings) -> Migration | None:
    def read(engine: Engine) -> Migration | None:
        with store_errors("SQL"), engine.connect() as connection:
            has_begun = inspect(connection).has_table(legacy_migrations.name)
            return current(connection) if has_begun else None

    async with looking(settings) as engine:
        return await asyncio.to_thread(read, engine)
