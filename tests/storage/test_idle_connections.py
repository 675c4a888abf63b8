"""A firewall has forgotten idle connections: what comes after the rest goes through at once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from threading import Barrier

import pytest
from sqlalchemy import Connection

from tests.outages.proxy import Proxy, firewalled, firewalled_postgres
from tests.storage.fixtures import PATIENCE_MS, PostgresServer
from tests.uris import as_member
from tests.waiting import PATIENCE, until
from yabot.errors import StoreUnavailable
from yabot.log.heartbeat import ping_database
from yabot.runtime.ending import end
from yabot.runtime.watch import StoreWatch
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.rested import RESTED

CROWD = 4


@pytest.fixture
def postgres_firewall(postgres_server: PostgresServer) -> Iterator[tuple[Proxy, str]]:
    """The firewall, and the address of a database behind it."""
    name = postgres_server.create_migrated()
    with firewalled_postgres(postgres_server.url_of(name)) as opened:
        yield opened
    postgres_server.drop(name)


@pytest.fixture
async def postgres(
    postgres_firewall: tuple[Proxy, str],
) -> AsyncIterator[tuple[Proxy, PostgresDatabase]]:
    proxy, url = postgres_firewall
    database = PostgresDatabase(url, pool_size=CROWD, timeout_ms=PATIENCE_MS)
    yield proxy, database
    await database.close()


async def crowd(database: PostgresDatabase) -> None:
    """As many at a time as there are connections: none is over before the last has come."""
    together = Barrier(CROWD)

    def meet(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT 1")
        together.wait(PATIENCE)

    await asyncio.gather(*(database.read(meet) for _ in range(CROWD)))


async def test_a_crowd_after_the_rest_gets_through_to_postgresql(
    postgres: tuple[Proxy, PostgresDatabase],
) -> None:
    firewall, database = postgres
    await crowd(database)
    assert len(firewall.attempts) == CROWD
    await rest(RESTED)
    firewall.forget()
    await crowd(database)
    assert len(firewall.attempts) == 2 * CROWD
    # Who answers is kept.
    await rest(RESTED)
    await crowd(database)
    assert len(firewall.attempts) == 2 * CROWD


async def test_what_the_server_has_ended_is_replaced_also_without_a_rest(
    postgres: tuple[Proxy, PostgresDatabase],
) -> None:
    firewall, database = postgres
    await crowd(database)
    firewall.cut()

    async def is_cut() -> bool:
        return firewall.is_empty

    await until(is_cut)
    await crowd(database)


async def test_the_watch_does_not_call_postgresql_lost(
    postgres: tuple[Proxy, PostgresDatabase],
) -> None:
    firewall, database = postgres
    async with looking(
        StoreWatch(database.gate, database.open, lambda: ping_database(database, ()))
    ) as lost:
        await rest(RESTED)
        firewall.forget()
        database.gate.suspected.set()
        before = len(firewall.attempts)

        async def looked_again() -> bool:
            return len(firewall.attempts) > before or bool(lost)

        await until(looked_again)
    assert lost == []


@pytest.fixture
def mongodb_firewall(mongodb_uri: str) -> Iterator[tuple[Proxy, str]]:
    """The firewall, and the address of MongoDB behind it."""
    with firewalled(as_member(mongodb_uri)) as opened:
        yield opened


async def test_a_connection_to_mongodb_is_not_used_after_a_long_rest(
    mongodb_firewall: tuple[Proxy, str],
) -> None:
    firewall, uri = mongodb_firewall
    store = DocumentStore(
        uri, "test", max_pool_size=CROWD, timeout_ms=PATIENCE_MS, longest_rest_ms=200
    )
    lost: list[str] = []
    watch = StoreWatch(store.gate, store.ping, store.ping)
    watch.on_lost.append(lost.append)
    await asyncio.gather(*(store.find("users", str(n)) for n in range(CROWD)))
    await rest(0.3)
    firewall.forget()
    await asyncio.gather(*(store.find("users", str(n)) for n in range(CROWD)))
    await watch.start(PATIENCE)
    await watch.stop()
    await store.close()
    assert lost == []


@asynccontextmanager
async def looking(watch: StoreWatch) -> AsyncIterator[list[str]]:
    """What it has said of a loss."""
    lost: list[str] = []
    watch.on_lost.append(lost.append)
    await watch.start(PATIENCE)
    yield lost
    await watch.stop()


async def rest(seconds: float) -> None:
    """Until the connections in the pool have rested so long."""
    clock = asyncio.get_running_loop().time
    began = clock()

    async def rested() -> bool:
        return clock() - began > seconds

    await until(rested)


async def test_who_waits_in_vain_for_a_connection_to_mongodb_hears_that_it_is_away(
    mongodb_firewall: tuple[Proxy, str],
) -> None:
    """Its one connection is waited at by somebody else."""
    firewall, uri = mongodb_firewall
    store = DocumentStore(uri, "test", max_pool_size=1, timeout_ms=2_000)
    await store.ping(PATIENCE)
    firewall.forget()
    somebody_else = asyncio.create_task(store.ping(PATIENCE))

    async def waits() -> bool:
        return any(b"listCollections" in piece for piece in firewall.lost)

    await until(waits)
    found = [store.find("users", str(n)) for n in range(CROWD)]
    errors = await asyncio.gather(*found, return_exceptions=True)
    await end([somebody_else])
    await store.close()
    assert {type(error) for error in errors} == {StoreUnavailable}
    assert all("WaitQueue" in str(error) for error in errors)
