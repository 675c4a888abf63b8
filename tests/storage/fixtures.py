"""A pytest plugin: both SQL databases, MongoDB, Redis and the log on top of them, as fixtures.

A test that takes ``database`` runs on SQLite and on PostgreSQL. Whoever needs no features does not
wait for them to be imported: a fixture imports them when it is asked for.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests.complaints import complain
from tests.waiting import PATIENCE
from yabot.bus.connection import connect
from yabot.log.commit_log import CommitLog
from yabot.log.partitions import ensure_partitions
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.sqlite import SqliteDatabase

PARTITIONS = 4
# The databases' own limits: nothing comes near them but a test that is about them.
PATIENCE_MS = int(PATIENCE * 1000)


class NewDatabase(Protocol):
    """Connects to the test's own place once more. Whoever calls opens it; it may be closed."""

    def __call__(self, *, pool_size: int = 4, timeout_ms: int = PATIENCE_MS) -> Database: ...


class PostgresServer:
    """Makes a database for each test, by copying one that has been migrated."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._admin = create_engine(self._url, isolation_level="AUTOCOMMIT")
        self._template: str | None = None

    def url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def create(self, template: str | None = None, encoding: str | None = None) -> str:
        """The name of a new database."""
        name = f"test_{uuid4().hex}"
        # Copied file by file: a log of all that is copied would cost more.
        made = f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""
        if encoding is not None:
            made = f" TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
        self._run(f"CREATE DATABASE {name}{made}")
        return name

    def create_migrated(self) -> str:
        if self._template is None:
            made = self.create()
            migrate(PostgresDatabase(self.url_of(made), pool_size=1, timeout_ms=PATIENCE_MS))
            self._template = made
        return self.create(self._template)

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def hang_up(self, backend_pid: int) -> None:
        """End a connection, as the server does when it is stopped."""
        self._run(f"SELECT pg_terminate_backend({backend_pid}, {PATIENCE_MS})")

    def close(self) -> None:
        self._admin.dispose()

    def _run(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.exec_driver_sql(statement)


def migrate(database: Database) -> None:
    """Make the tables and the partitions, and disconnect.

    Tables that are not those of the code fail whoever asks for them with what is missing: one after
    another would fail with an engine's words for it.
    """
    from tests.storage.schema import SCHEMA, differences, without_migrations

    complain(without_migrations())
    SCHEMA.upgrade(database.engine)
    complain(differences(database.engine))
    with database.engine.begin() as connection:
        ensure_partitions(connection, PARTITIONS)
    database.engine.dispose()


@pytest.fixture(scope="session")
def postgres_server(postgres_url: str) -> Iterator[PostgresServer]:
    server = PostgresServer(postgres_url)
    yield server
    server.close()


@pytest.fixture(scope="session")
def migrated_sqlite(scratch: Path) -> Path:
    """A file to copy; beside it there is room for copies."""
    path = scratch / "sqlite" / "migrated.db"
    path.parent.mkdir()
    migrate(SqliteDatabase(path, pool_size=1, timeout_ms=PATIENCE_MS))
    return path


@pytest.fixture
async def new_sqlite(migrated_sqlite: Path) -> AsyncIterator[NewDatabase]:
    folder = migrated_sqlite.parent / uuid4().hex
    folder.mkdir()
    path = folder / "yabot.db"
    shutil.copy(migrated_sqlite, path)
    async with _closing() as opened:

        def new(*, pool_size: int = 4, timeout_ms: int = PATIENCE_MS) -> Database:
            opened.append(SqliteDatabase(path, pool_size=pool_size, timeout_ms=timeout_ms))
            return opened[-1]

        yield new
    shutil.rmtree(folder)


@pytest.fixture
async def new_postgres(postgres_server: PostgresServer) -> AsyncIterator[NewDatabase]:
    name = postgres_server.create_migrated()
    url = postgres_server.url_of(name)
    async with _closing() as opened:

        def new(*, pool_size: int = 4, timeout_ms: int = PATIENCE_MS) -> Database:
            opened.append(PostgresDatabase(url, pool_size=pool_size, timeout_ms=timeout_ms))
            return opened[-1]

        yield new
    postgres_server.drop(name)


@asynccontextmanager
async def _closing() -> AsyncIterator[list[Database]]:
    """A failed test leaves them open, and their threads would keep pytest from ending."""
    opened: list[Database] = []
    yield opened
    for database in opened:
        await database.close()


@pytest.fixture
async def empty_sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with _closing() as opened:
        opened.append(SqliteDatabase(tmp_path / "empty.db", pool_size=1, timeout_ms=PATIENCE_MS))
        yield opened[-1]


@pytest.fixture
async def empty_postgres(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    name = postgres_server.create()
    async with _closing() as opened:
        url = postgres_server.url_of(name)
        opened.append(PostgresDatabase(url, pool_size=1, timeout_ms=PATIENCE_MS))
        yield opened[-1]
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest) -> Database:
    """Without a table, and not opened."""
    database: Database = request.getfixturevalue(f"empty_{request.param}")
    return database


@pytest.fixture(params=["sqlite", "postgres"])
def new_database(request: pytest.FixtureRequest) -> NewDatabase:
    new: NewDatabase = request.getfixturevalue(f"new_{request.param}")
    return new


@pytest.fixture
async def database(new_database: NewDatabase) -> AsyncIterator[Database]:
    async for opened in _opened(new_database):
        yield opened


@pytest.fixture
async def sqlite_database(new_sqlite: NewDatabase) -> AsyncIterator[Database]:
    async for opened in _opened(new_sqlite):
        yield opened


@pytest.fixture
async def postgres_database(new_postgres: NewDatabase) -> AsyncIterator[Database]:
    async for opened in _opened(new_postgres):
        yield opened


async def _opened(new: NewDatabase) -> AsyncIterator[Database]:
    database = new()
    await database.open()
    yield database
    await database.close()


@asynccontextmanager
async def fresh_copy(migrated: Path) -> AsyncIterator[Database]:
    """A database of its own for each example of a property test."""
    path = migrated.with_name(f"{uuid4().hex}.db")
    shutil.copy(migrated, path)
    database = SqliteDatabase(path, pool_size=4, timeout_ms=PATIENCE_MS)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
        path.unlink()


@pytest.fixture
async def new_documents(
    mongodb_uri: str, mongo_database: str
) -> AsyncIterator[Callable[[], DocumentStore]]:
    """Connections to the test's own MongoDB database, closed after the test."""
    opened: list[DocumentStore] = []

    def new() -> DocumentStore:
        store = DocumentStore(mongodb_uri, mongo_database, max_pool_size=10, timeout_ms=PATIENCE_MS)
        opened.append(store)
        return store

    yield new
    for store in opened:
        await store.close()


@pytest.fixture
def documents(new_documents: Callable[[], DocumentStore]) -> DocumentStore:
    return new_documents()


@asynccontextmanager
async def mongodb_away() -> AsyncIterator[DocumentStore]:
    """A MongoDB that does not answer, however long one waits."""
    store = DocumentStore("mongodb://127.0.0.1:1/", "test", max_pool_size=1, timeout_ms=10)
    yield store
    await store.close()


def redis_away() -> Redis:
    """A Redis that refuses: at once, as the program connects."""
    return connect("redis://127.0.0.1:1", password=None, max_pool_size=1, timeout_ms=PATIENCE_MS)


@pytest.fixture
async def unreachable() -> AsyncIterator[DocumentStore]:
    async with mongodb_away() as store:
        yield store


@pytest.fixture
async def redis(redis_db: str) -> AsyncIterator[Redis]:
    """An empty Valkey, connected to as the program does."""
    async with connect(redis_db, password=None, max_pool_size=10, timeout_ms=PATIENCE_MS) as client:
        yield client


@pytest.fixture
def commits(database: Database) -> CommitLog:
    return new_commits(database)


def new_commits(database: Database) -> CommitLog:
    from yabot.app.assembly import build_catalog
    from yabot.app.features import FEATURES

    return CommitLog(database, build_catalog(FEATURES), PARTITIONS)
