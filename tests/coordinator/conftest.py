from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.coordinator.shop import Shop
from tests.storage.fixtures import (
    PATIENCE_MS,
    commits,
    database,
    migrated_sqlite,
    new_database,
    new_postgres,
    new_sqlite,
    postgres_server,
)
from yabot.bus.connection import connect
from yabot.storage.relational.database import Database

__all__ = [
    "commits",
    "database",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
]


@pytest.fixture
async def shop(database: Database) -> Shop:
    opened = Shop(database)
    await opened.open()
    return opened


@pytest.fixture
async def redis(redis_db: str) -> AsyncIterator[Redis]:
    """An empty Valkey, connected to as the program does."""
    async with connect(redis_db, password=None, max_pool_size=10, timeout_ms=PATIENCE_MS) as client:
        yield client
