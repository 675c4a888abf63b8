from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.storage.fixtures import (
    commits,
    database,
    migrated_sqlite,
    new_database,
    new_postgres,
    new_sqlite,
    postgres_server,
    sqlite_database,
)
from yabot.bus.connection import connect

__all__ = [
    "commits",
    "database",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "sqlite_database",
]


@pytest.fixture
async def redis(redis_db: str) -> AsyncIterator[Redis]:
    """An empty Valkey, connected to as the program does."""
    async with connect(redis_db, password=None, max_pool_size=10, timeout_ms=60_000) as client:
        yield client
