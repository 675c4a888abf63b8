"""Checks what a start could still refuse when the configuration is right and all stores answer."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine

from yabot.app.application import ALL_ROLES
from yabot.app.features import FEATURES
from yabot.app.listeners import listeners
from yabot.app.stores import open_database, verify_database, verify_documents
from yabot.cli.probes import PATIENCE_S, Check, answer
from yabot.embedded.mongod import EmbeddedMongod
from yabot.errors import ConfigurationError, YabotError
from yabot.features.users.states import require_any
from yabot.runtime.lock import is_locked
from yabot.runtime.ports import require_free
from yabot.settings import Settings
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Statement, store_errors

TABLES = "tables"
COLLECTIONS = "collections"
LISTENERS = "listeners"
LOCK = "data directory's program"
MEND = "look again when the store is well"


async def tables(settings: Settings) -> Check:
    """Whether SQL's tables are of this version, or can be brought to it."""
    if not has_database(settings):
        return Check(TABLES, "ok", "a start will make them")
    return await answer(TABLES, _examine_tables(settings), MEND)


def has_database(settings: Settings) -> bool:
    """Whether there is a database: a check must not create one."""
    return settings.sql.database_url is not None or settings.sql.sqlite_path.exists()


async def _examine_tables(settings: Settings) -> Check:
    async with looking(settings) as engine:
        is_current = await verify_database(engine, settings, FEATURES)
    told = "are those of this version" if is_current else "a start brings them to this version"
    return Check(TABLES, "ok", told)


@asynccontextmanager
async def looking(settings: Settings) -> AsyncIterator[Engine]:
    """An engine for looking at the SQL database; a SQLite file must exist."""
    if settings.sql.database_url is None:
        yield _reading(settings.sql.sqlite_path)
        return
    database = open_database(settings)
    try:
        yield database.engine
    finally:
        await database.close()


def _reading(path: Path) -> Engine:
    """Opens the file read-only: that neither creates it nor changes its mode."""
    address = f"{path.absolute().as_uri()}?mode=ro"
    return create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(address, uri=True, check_same_thread=False),
        poolclass=NullPool,
        hide_parameters=True,
    )


async def collections(settings: Settings) -> Check:
    """Whether MongoDB's collections are of this version, with the documents that SQL knows of."""
    return await answer(COLLECTIONS, _examine_collections(settings), MEND)


async def _examine_collections(settings: Settings) -> Check:
    given = settings.mongodb
    uri = given.uri.get_secret_value() if given.uri else EmbeddedMongod(settings.data_dir).running()
    if uri is None:
        return Check(COLLECTIONS, "off", "MongoDB does not run; a start verifies them")
    documents = DocumentStore(
        uri, given.database, max_pool_size=1, timeout_ms=(PATIENCE_S - 1) * 1000
    )
    try:
        await verify_documents(documents, FEATURES)
        await _require_states(settings, documents)
    finally:
        await documents.close()
    return Check(COLLECTIONS, "ok", "are those of this version, or a start makes them")


async def _require_states(settings: Settings, documents: DocumentStore) -> None:
    """Raises StoreUnavailable for a MongoDB that does not belong to this SQL database."""
    if not has_database(settings):
        return
    async with looking(settings) as engine:
        is_current = False
        # Faults of the tables are reported by their own check.
        with suppress(YabotError):
            is_current = await verify_database(engine, settings, FEATURES)
        if is_current:
            await require_any(documents, partial(_read, engine))


async def _read(engine: Engine, query: Statement[bool]) -> bool:
    def read() -> bool:
        with store_errors("SQL"), engine.connect() as connection:
            return query(connection)

    return await asyncio.to_thread(read)


def room(settings: Settings, program: Check) -> Iterator[Check]:
    """Whether another process with these settings could start on this machine.

    ``program`` says whether one answers already.
    """
    if program.state != "off":
        return
    if is_locked(settings.data_dir):
        yield Check(
            LOCK,
            "off",
            f"a YABOT runs on {settings.data_dir}; another start is refused until it has ended",
        )
        return
    yield _listeners(settings)


def _listeners(settings: Settings) -> Check:
    try:
        require_free(listeners(settings, ALL_ROLES))
    except ConfigurationError as error:
        return Check(LISTENERS, "problem", str(error))
    return Check(LISTENERS, "ok", "their ports are free")
