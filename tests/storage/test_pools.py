"""Pools have configurable limits, and the limits hold however much is asked at once."""

import asyncio
import threading
from contextlib import aclosing

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from sqlalchemy import Connection

from tests.storage.fixtures import NewDatabase
from yabot.bus.connection import connect
from yabot.storage.documents.store import DocumentStore


class Gauge:
    """How many are inside at a time, at most, and through which connections they came."""

    def __init__(self) -> None:
        self.most = 0
        self.connections: set[int] = set()
        self._inside = 0
        self._lock = threading.Lock()
        self._full = threading.Event()

    def pass_through(self, connection: Connection, crowd: int) -> None:
        """Wait inside until a crowd has gathered."""
        with self._lock:
            self._inside += 1
            self.most = max(self.most, self._inside)
            self.connections.add(id(connection.connection.dbapi_connection))
            if self._inside == crowd:
                self._full.set()
        self._full.wait(10)
        with self._lock:
            self._inside -= 1


@pytest.mark.criterion("scale.1")
@pytest.mark.parametrize("size", [1, 3])
async def test_sql_reads_share_as_many_connections_as_configured(
    new_database: NewDatabase, size: int
) -> None:
    database = new_database(pool_size=size)
    await database.open()
    gauge = Gauge()
    await asyncio.gather(
        *(database.read(lambda c: gauge.pass_through(c, crowd=size)) for _ in range(4 * size))
    )
    await database.close()
    assert gauge.most == size
    assert len(gauge.connections) == size


@pytest.mark.criterion("scale.1")
async def test_postgresql_counts_no_more_connections_than_configured(
    new_postgres: NewDatabase,
) -> None:
    database, observer = new_postgres(pool_size=3), new_postgres(pool_size=1)
    await database.open()
    await observer.open()
    work = [
        asyncio.create_task(
            database.write(lambda c: c.exec_driver_sql("SELECT pg_sleep(0.2)") and None)
        )
        for _ in range(12)
    ]
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    counts: list[int] = []
    while not counts or not all(task.done() for task in work):
        counts.append(await observer.read(lambda c: c.exec_driver_sql(query).scalar_one()))
    await asyncio.gather(*work)
    assert max(counts) == 3 + 1
    await database.close()
    await observer.close()


@pytest.mark.criterion("scale.1", "1.1.1")
async def test_mongodb_opens_no_more_connections_than_configured(
    mongodb_uri: str, mongo_database: str
) -> None:
    size, watching = 3, 2
    async with AsyncMongoClient[dict[str, object]](mongodb_uri) as observer:
        before = await _created(observer)
        store = DocumentStore(mongodb_uri, mongo_database, max_pool_size=size, timeout_ms=5000)
        await asyncio.gather(*(store.find("users", str(n)) for n in range(100)))
        opened = await _created(observer) - before
        await store.close()
    # The client watches the server's state on two connections of its own.
    assert 2 <= opened <= size + watching


async def _created(observer: AsyncMongoClient[dict[str, object]]) -> int:
    status = await observer.admin.command("serverStatus")
    created: int = status["connections"]["totalCreated"]
    return created


@pytest.mark.criterion("scale.1", "2.1.1")
async def test_redis_opens_no_more_connections_than_configured(redis_db: str) -> None:
    async with Redis.from_url(redis_db) as observer:
        before = (await observer.info("clients"))["connected_clients"]
        async with aclosing(
            connect(redis_db, password=None, max_pool_size=3, timeout_ms=5000)
        ) as redis:
            answers = await asyncio.gather(*(redis.incr("counter") for _ in range(50)))
            opened = (await observer.info("clients"))["connected_clients"] - before
    assert sorted(answers) == list(range(1, 51))
    assert 1 <= opened <= 3
