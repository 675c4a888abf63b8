"""Opens the three stores: those that the settings name, or else the embedded engines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from redis.asyncio import Redis
from sqlalchemy import Engine

from yabot.api import tables as api
from yabot.app.engines import Engines, starting_engine, starting_engines
from yabot.bot import tables as bot
from yabot.bus import tables as bus
from yabot.bus.groups.positions import declare_groups
from yabot.bus.topologies.client import open_client
from yabot.coordinator import tables as coordinator
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.feature import Feature, collections_of, group_names
from yabot.log import tables as log
from yabot.log.partitions import ensure_partitions, require_partitions
from yabot.log.tables import MIGRATIONS
from yabot.private_files import private_file
from yabot.settings import Settings
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, store_errors
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import Schema
from yabot.storage.relational.sqlite import SqliteDatabase

FRAMEWORK_TABLES = (*log.TABLES, *bot.TABLES, *bus.TABLES, *coordinator.TABLES, *api.TABLES)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stores:
    database: Database
    documents: DocumentStore
    redis: Redis


@asynccontextmanager
async def open_stores(settings: Settings, engines: Engines | None = None) -> AsyncIterator[Stores]:
    """The stores, not yet asked whether they answer; they are closed in reverse order.

    ``engines`` are starting already; without them, they are started here. Raises StartupError,
    ConfigurationError when one cannot start.
    """
    async with AsyncExitStack() as stack:
        if engines is None:
            engines = await stack.enter_async_context(starting_engines(settings))
        documents, redis = await _both(_uri(engines.mongodb), _uri(engines.redis))
        yield Stores(
            documents=await stack.enter_async_context(_documents(settings, documents)),
            redis=await stack.enter_async_context(_redis(settings, redis)),
            database=await stack.enter_async_context(_database(settings)),
        )


async def _both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, T]) -> tuple[T, T]:
    """Both results; or the first error, after the other one was cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            one, other = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as refused:
        raise refused.exceptions[0] from None
    return one.result(), other.result()


async def _uri(starting: Awaitable[str] | None) -> str | None:
    return None if starting is None else await starting


@asynccontextmanager
async def open_documents(settings: Settings) -> AsyncIterator[DocumentStore]:
    """MongoDB as the settings name it; an embedded one is shared with the program that runs it."""
    async with AsyncExitStack() as stack:
        uri = None
        if settings.mongodb.embedded:
            engine = EmbeddedMongod(settings.data_dir)
            uri = await (await stack.enter_async_context(starting_engine(engine)))
        yield await stack.enter_async_context(_documents(settings, uri))


@asynccontextmanager
async def open_redis(settings: Settings) -> AsyncIterator[Redis]:
    """Redis as the settings name it; an embedded one is shared with the program that runs it."""
    async with AsyncExitStack() as stack:
        uri = None
        if settings.redis.embedded:
            engine = EmbeddedValkey(settings.data_dir)
            uri = await (await stack.enter_async_context(starting_engine(engine)))
        yield await stack.enter_async_context(_redis(settings, uri))


@asynccontextmanager
async def _documents(settings: Settings, embedded: str | None) -> AsyncIterator[DocumentStore]:
    given = settings.mongodb
    uri = embedded or (given.uri and given.uri.get_secret_value())
    assert uri, "MongoDB is either embedded or named"
    documents = DocumentStore(
        uri,
        given.database,
        max_pool_size=given.max_pool_size,
        timeout_ms=given.timeout_ms,
        tls_files=given.tls_files.paths,
    )
    try:
        yield documents
    finally:
        await documents.close()


@asynccontextmanager
async def _redis(settings: Settings, embedded: str | None) -> AsyncIterator[Redis]:
    redis = open_client(settings.redis, embedded)
    try:
        yield redis
    finally:
        await redis.aclose()


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        await database.close()


async def connect_database(
    database: Database, settings: Settings, features: Sequence[Feature]
) -> None:
    """Reach SQL, and bring its tables to this version.

    Raises StoreUnavailable, SchemaMismatch, StartupError, ConfigurationError.
    """
    await database.open()
    await asyncio.to_thread(upgrade_tables, database, settings, features)


async def connect_documents(
    documents: DocumentStore, features: Sequence[Feature], *, gives_way: bool = False
) -> None:
    """Reach MongoDB, create what is missing, and compare the rest with this version.

    With ``gives_way``, changes by another version that was started later are left alone. Raises
    StoreUnavailable, SchemaMismatch, StartupError.
    """
    await documents.ping()
    await documents.ensure(collections_of(features), gives_way=gives_way)


async def verify_database(engine: Engine, settings: Settings, features: Sequence[Feature]) -> bool:
    """Whether the tables are those of this version; False if a start will bring them to it.

    Changes nothing. Raises StoreUnavailable; and SchemaMismatch, StartupError, ConfigurationError
    for what a start would refuse.
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
    """Raises what ``connect_database`` raises."""
    schema = schema_of(features)
    schema.upgrade(database.engine)
    schema.verify(database.engine)
    with store_errors("SQL"), database.engine.begin() as connection:
        ensure_partitions(connection, settings.bus_partitions)
        declare_groups(group_names(features))(connection)


def schema_of(features: Sequence[Feature]) -> Schema:
    """The schema of the framework and the features."""
    return Schema(
        (*FRAMEWORK_TABLES, *(table for feature in features for table in feature.tables)),
        (MIGRATIONS, *(feature.migrations for feature in features if feature.migrations)),
    )


def open_database(settings: Settings) -> Database:
    """Raises ConfigurationError for a SQLite file that belongs to another user."""
    sql = settings.sql
    if sql.database_url is None:
        for part in ("", "-wal", "-shm"):
            file = sql.sqlite_path.with_name(sql.sqlite_path.name + part)
            private_file(file, "SQLITE_DATABASE_PATH")
        return SqliteDatabase(
            sql.sqlite_path, pool_size=sql.max_pool_size, timeout_ms=sql.timeout_ms
        )
    url = sql.database_url.get_secret_value()
    return PostgresDatabase(
        url,
        pool_size=sql.max_pool_size,
        timeout_ms=sql.timeout_ms,
        tls_files=sql.tls_files.paths,
        demands=must_ask(settings),
    )


def must_ask(settings: Settings) -> dict[str, str]:
    """Options for libpq: a server that lets everybody in cannot be the PostgreSQL with our
    password."""
    asked = settings.production and settings.sql.relies_on_password
    return {"require_auth": "!none"} if asked else {}
