"""Real engines for the tests, one of each for the session, and a clean place in them for each test.

``tests/conftest.py`` makes them known to all tests.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from tests.mongodb import ReadyDatabases
from tests.postgres import postgres
from tests.scratch import scratch_folder
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder for what nobody wants when the tests are over."""
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def mongodb_uri(scratch: Path) -> Iterator[str]:
    """A replica set of one."""
    with _running(EmbeddedMongod(scratch)) as uri:
        yield uri


@pytest.fixture(scope="session")
def redis_url(scratch: Path) -> Iterator[str]:
    """Valkey; a test that writes to it takes ``redis_db``."""
    with _running(EmbeddedValkey(scratch)) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url(scratch: Path) -> Iterator[str]:
    """PostgreSQL on a socket of its own, as ``postgresql://…``."""
    with postgres(scratch / "postgres") as url:
        yield url


@pytest.fixture(scope="session")
def ready_mongodb(mongodb_uri: str) -> Iterator[ReadyDatabases]:
    """MongoDB databases with the collections of all features."""
    # Who needs no engine need not wait for all features to be imported.
    from tests.storage.schema import COLLECTIONS

    ready = ReadyDatabases(mongodb_uri, COLLECTIONS)
    yield ready
    ready.close()


@pytest.fixture
def mongo_database(ready_mongodb: ReadyDatabases) -> str:
    """The name of a database with all collections and no document."""
    return ready_mongodb.take()


@pytest.fixture
async def empty_mongo_database(mongodb_uri: str) -> AsyncIterator[str]:
    """The name of a database that nobody has made yet; dropped afterwards."""
    name = f"test_{uuid4().hex}"
    yield name
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_uri)
    async with client:
        await client.drop_database(name)


@pytest.fixture
async def redis_db(redis_url: str) -> str:
    """The URL of an empty Valkey."""
    async with Redis.from_url(redis_url) as client:
        await client.flushall()
    return redis_url


@contextmanager
def _running(engine: EmbeddedEngine) -> Iterator[str]:
    """Outside any test's event loop: the engine outlives them all."""
    address = asyncio.run(engine.start())
    try:
        yield address
    finally:
        asyncio.run(engine.stop())
