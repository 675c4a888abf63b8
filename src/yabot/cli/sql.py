"""The SQL database, for commands that only make sense where the bot has run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Engine, inspect

from yabot.app.stores import open_database
from yabot.errors import StartupError
from yabot.settings import Settings
from yabot.storage.relational.database import Database, store_errors


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Opened, and never made. Raises StoreUnavailable, StartupError when it is not there."""
    sql = settings.sql
    if sql.database_url is None and not sql.sqlite_path.exists():
        raise StartupError(
            f"there is no database at {sql.sqlite_path} yet: `yabot run` makes it; or set "
            "YABOT_DATA_DIR, SQLITE_DATABASE_PATH or DATABASE_URL to where it is"
        )
    database = open_database(settings)
    try:
        await database.open()
        await asyncio.to_thread(_require_tables, database.engine, database.gate.store)
        yield database
    finally:
        await database.close()


def _require_tables(engine: Engine, store: str) -> None:
    with store_errors(store), engine.connect() as connection:
        if not inspect(connection).has_table("dead_letters"):
            raise StartupError(
                f"{store} does not have the tables of this version; `yabot db upgrade` brings them"
            )
