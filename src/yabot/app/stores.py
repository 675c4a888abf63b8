"""Opens the three stores that the settings name, or the engines where they name none."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import SecretStr
from redis.asyncio import Redis
from sqlalchemy import Engine

from yabot.bot import tables as bot
from yabot.bus import tables as bus
from yabot.bus.groups.positions import declare_groups
from yabot.bus.topologies.client import open_client
from yabot.coordinator import tables as coordinator
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.feature import Feature, collections_of, group_names
from yabot.log import tables as log
from yabot.log.partitions import ensure_partitions, require_partitions
from yabot.log.tables import MIGRATIONS
from yabot.private import private_file
from yabot.settings import Settings
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, store_errors
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import Schema
from yabot.storage.relational.sqlite import SqliteDatabase

FRAMEWORK_TABLES = (*log.TABLES, *bot.TABLES, *bus.TABLES, *coordinator.TABLES)

First = TypeVar("First")
Second = TypeVar("Second")


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    documents: DocumentStore
    redis: Redis


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[Stores]:
    """Stores that nobody has asked yet whether they answer; closed in reverse order.

    Raises StartupError, ConfigurationError when an embedded engine cannot start.
    """
    async with AsyncExitStack() as stack:
        documents, redis = await _both(
            stack.enter_async_context(open_documents(settings)),
            stack.enter_async_context(open_redis(settings)),
        )
        database = open_database(settings)
        stack.push_async_callback(database.close)
        yield Stores(database, documents, redis)


async def _both(
    first: Coroutine[Any, Any, First], second: Coroutine[Any, Any, Second]
) -> tuple[First, Second]:
    """Both results, or the first error once neither runs any more: what still opened a store
    would be left open."""
    try:
        async with asyncio.TaskGroup() as group:
            one, other = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as refused:
        raise refused.exceptions[0] from None
    return one.result(), other.result()


@asynccontextmanager
async def open_documents(settings: Settings) -> AsyncIterator[DocumentStore]:
    """MongoDB as the settings name it; an embedded one is shared with the program that runs it."""
    given = settings.mongodb
    async with _address(given.uri, given.embedded, EmbeddedMongod(settings.data_dir)) as uri:
        documents = DocumentStore(
            uri, given.database, max_pool_size=given.max_pool_size, timeout_ms=given.timeout_ms
        )
        try:
            yield documents
        finally:
            await documents.close()


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[Redis]:
    """Redis as the settings name it; an embedded one is shared with the program that runs it."""
    given, url = settings.redis, None
    async with AsyncExitStack() as stack:
        if given.embedded:
            url = await stack.enter_async_context(_served_by(EmbeddedValkey(settings.data_dir)))
        redis = open_client(given, url)
        stack.push_async_callback(redis.aclose)
        yield redis


@asynccontextmanager
async def _address(
    given: SecretStr | None, embedded: bool, engine: EmbeddedEngine
) -> AsyncIterator[str]:
    if given is not None and not embedded:
        yield given.get_secret_value()
        return
    async with _served_by(engine) as uri:
        yield uri


@asynccontextmanager
async def _served_by(engine: EmbeddedEngine) -> AsyncIterator[str]:
    running = engine.running()
    if running is not None:
        yield running
        return
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.stop)
        uri = await engine.start()
        keeper = asyncio.create_task(engine.keep_running(), name=f"keep {engine.name} running")
        stack.callback(keeper.cancel)
        yield uri


async def connect_database(
    database: Database, settings: Settings, features: Sequence[Feature]
) -> None:
    """Reach SQL, and bring its tables to this version.

    Raises StoreUnavailable, SchemaMismatch, StartupError, ConfigurationError.
    """
    await database.open()
    await asyncio.to_thread(upgrade_tables, database, settings, features)


async def connect_documents(documents: DocumentStore, features: Sequence[Feature]) -> None:
    """Reach MongoDB, create what is missing and hold the rest against this version.

    Raises StoreUnavailable, SchemaMismatch, StartupError.
    """
    await documents.ping()
    await documents.ensure(collections_of(features))


async def verify_database(engine: Engine, settings: Settings, features: Sequence[Feature]) -> bool:
    """Whether its tables are those of this version; False when a start will bring them there.

    Changes nothing. Raises StoreUnavailable, and for what a start would refuse SchemaMismatch,
    StartupError, ConfigurationError.
    """

    def verify() -> bool:
        is_current = schema_of(features).examine(engine)
        if is_current:
            with store_errors("SQL"), engine.connect() as connection:
                require_partitions(connection, settings.bus_partitions)
        return is_current

    return await asyncio.to_thread(verify)


async def verify_documents(documents: DocumentStore, features: Sequence[Feature]) -> None:
    """Changes nothing. Raises StoreUnavailable, SchemaMismatch, StartupError."""
    await documents.verify(collections_of(features))


def upgrade_tables(database: Database, settings: Settings, features: Sequence[Feature]) -> None:
    schema = schema_of(features)
    schema.upgrade(database.engine)
    schema.verify(database.engine)
    with database.engine.begin() as connection:
        ensure_partitions(connection, settings.bus_partitions)
        declare_groups(group_names(features))(connection)


def schema_of(features: Sequence[Feature]) -> Schema:
    """Of the framework and of the features."""
    return Schema(
        (*FRAMEWORK_TABLES, *(table for feature in features for table in feature.tables)),
        (MIGRATIONS, *(feature.migrations for feature in features if feature.migrations)),
    )


def open_database(settings: Settings) -> Database:
    """Raises ConfigurationError for a SQLite file that is another user's."""
    sql = settings.sql
    if sql.database_url is None:
        for part in ("", "-wal", "-shm"):
            file = sql.sqlite_path.with_name(sql.sqlite_path.name + part)
            private_file(file, "SQLITE_DATABASE_PATH")
        return SqliteDatabase(
            sql.sqlite_path, pool_size=sql.max_pool_size, timeout_ms=sql.timeout_ms
        )
    url = sql.database_url.get_secret_value()
    return PostgresDatabase(url, pool_size=sql.max_pool_size, timeout_ms=sql.timeout_ms)
