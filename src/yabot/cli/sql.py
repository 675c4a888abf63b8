"""Opens the SQL database for commands that only make sense if the bot has run before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Engine

from yabot import features
from yabot.app.stores import open_database
from yabot.errors import StartupError
from yabot.log.tables import MIGRATIONS
from yabot.settings import Settings
from yabot.storage.relational.database import Database
from yabot.storage.relational.schema import Schema


@asynccontextmanager
async def existing_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database; never create it, nor bring it to this version.

    Raises StoreUnavailable, StartupError if it does not exist, or is of another version.
    """
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
    if not Schema((), migrations()).is_current(engine):
        raise StartupError(
            f"{store} does not have the tables of this version; `yabot db upgrade` brings them"
        )


def migrations() -> tuple[Path, ...]:
    """The migrations of the log and of all features, found by path: importing the features takes
    longer than most commands."""
    return MIGRATIONS, *sorted(Path(features.__path__[0]).glob("*/migrations"))
