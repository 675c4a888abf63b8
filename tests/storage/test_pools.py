"""Pools keep to the limits of the environment, opened as the program opens them."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.e2e.patience import SETTINGS
from tests.outages.proxy import at_port, proxying
from tests.storage.fixtures import PostgresServer
from tests.uris import moved_to, port_of
from tests.waiting import PATIENCE
from yabot.app.stores import open_database, open_documents, open_redis
from yabot.settings import ConfigManager
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.standard


@pytest.fixture
def address(postgres_server: PostgresServer) -> Iterator[str]:
    """Of a PostgreSQL database that nobody else uses."""
    name = postgres_server.create_migrated()
    yield postgres_server.url_of(name)
    postgres_server.drop(name)


class Gauge:
    """How many are inside at a time, at most, and through which connections they came."""

    def __init__(self) -> None:
        self.most = 0
        self.connections: set[int] = set()
        self._inside = 0
        self._lock = threading.Lock()
        self._full, self._overfull = threading.Event(), threading.Event()

    def pass_through(self, connection: Connection, crowd: int) -> None:
        """Wait inside until a crowd has gathered."""
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.connections.add(id(connection.connection.dbapi_connection))
            if self._inside == crowd:
                self._full.set()
            elif self._inside > crowd:
                self._overfull.set()
        self._full.wait(PATIENCE)
        # One more gets its chance to come in.
        self._overfull.wait(0.1)
        with self._lock:
            self._inside -= 1


@asynccontextmanager
async def opened(environment: dict[str, str]) -> AsyncIterator[Database]:
    database = open_database(ConfigManager(SETTINGS | environment, None).load())
    try:
        await database.open()
        yield database
    finally:
        await database.close()


@pytest.mark.criterion("scale.1")
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_sql_reads_share_as_many_connections_as_configured(
    engine: str, size: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"SQL_MAX_POOL_SIZE": str(size), "YABOT_DATA_DIR": str(tmp_path)}
    if engine == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("address")
    gauge = Gauge()
    async with opened(environment) as database:
        await asyncio.gather(
            *(database.read(lambda c: gauge.pass_through(c, crowd=size)) for _ in range(4 * size))
        )
    assert gauge.most == size
    assert len(gauge.connections) == size


@pytest.mark.criterion("scale.1")
async def test_postgresql_counts_no_more_connections_than_configured(address: str) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    counts: list[int] = []

    async def count() -> None:
        counts.append(await observer.read(lambda c: c.exec_driver_sql(query).scalar_one()))

    watched = {"DATABASE_URL": address, "SQL_MAX_POOL_SIZE": "3"}
    watching = {"DATABASE_URL": address, "SQL_MAX_POOL_SIZE": "1"}
    async with opened(watched) as database, opened(watching) as observer:
        work = [
            asyncio.create_task(
                database.write(lambda c: c.exec_driver_sql("SELECT pg_sleep(0.2)") and None)
            )
            for _ in range(12)
        ]
        while not all(task.done() for task in work):
            await count()
        await asyncio.gather(*work)
        # A busy machine may not have counted while they worked.
        await count()
    assert max(counts) == 3 + 1


@contextmanager
def counted(address: str) -> Iterator[tuple[str, list[float]]]:
    """Another address of the same server, and an entry for each connection that was made to it."""
    with proxying(at_port(port_of(address))) as proxy:
        yield moved_to(address, proxy.port), proxy.attempts


@pytest.mark.criterion("scale.1", "1.1.1")
async def test_mongodb_opens_no_more_connections_than_configured(
    mongodb_uri: str, mongo_database: str
) -> None:
    size, watching = 3, 2
    with counted(mongodb_uri) as (address, connections):
        environment = SETTINGS | {
            "MONGODB_URI": address,
            "MONGODB_DATABASE": mongo_database,
            "MONGODB_MAX_POOL_SIZE": str(size),
        }
        async with open_documents(ConfigManager(environment, None).load()) as store:
            await asyncio.gather(*(store.find("users", str(n)) for n in range(100)))
    # The client watches the server's state on two connections of its own.
    assert 2 <= len(connections) <= size + watching


@pytest.mark.criterion("scale.1", "2.1.1")
async def test_redis_opens_no_more_connections_than_configured(redis_db: str) -> None:
    with counted(redis_db) as (address, connections):
        environment = SETTINGS | {"REDIS_URL": address, "REDIS_MAX_POOL_SIZE": "3"}
        async with open_redis(ConfigManager(environment, None).load()) as redis:
            answers = await asyncio.gather(*(redis.incr("counter") for _ in range(50)))
    assert sorted(answers) == list(range(1, 51))
    assert 1 <= len(connections) <= 3
