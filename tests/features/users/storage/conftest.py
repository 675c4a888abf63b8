from collections.abc import AsyncIterator

import pytest

from tests.features.users.storage.world import World, new_world
from tests.log.following import following
from tests.storage.fixtures import (
    commits,
    database,
    documents,
    empty_database,
    empty_postgres,
    empty_sqlite,
    migrated_sqlite,
    new_database,
    new_documents,
    new_postgres,
    new_sqlite,
    postgres_database,
    postgres_server,
    sqlite_database,
)
from yabot.log.document_follower import DocumentFollower
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

__all__ = [
    "commits",
    "database",
    "documents",
    "empty_database",
    "empty_postgres",
    "empty_sqlite",
    "migrated_sqlite",
    "new_database",
    "new_documents",
    "new_postgres",
    "new_sqlite",
    "postgres_database",
    "postgres_server",
    "sqlite_database",
]


@pytest.fixture
def world(database: Database, documents: DocumentStore) -> World:
    """No follower runs: documents wait as rows of SQL."""
    return new_world(database, documents)


@pytest.fixture
async def follower(world: World, documents: DocumentStore) -> AsyncIterator[DocumentFollower]:
    """For tests in which documents come to MongoDB."""
    async with following(world.services.commits, documents) as running:
        yield running


@pytest.fixture
async def unreachable() -> AsyncIterator[DocumentStore]:
    """A MongoDB that is away."""
    store = DocumentStore("mongodb://127.0.0.1:1/", "test", max_pool_size=1, timeout_ms=100)
    yield store
    await store.close()
