"""A store goes away in the middle of a roll-back: run again, it comes to its end all the same."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.features.legacy.ending.test_rollback import (
    ANA,
    BEA,
    CLEO,
    DORA,
    kisses,
    migrate,
    phase,
    roll_back,
)
from tests.features.legacy.side_by_side.both import Both, new_both
from tests.log.following import following, nothing_waits
from tests.outages.proxy import Proxy, firewalled, firewalled_postgres
from tests.storage.fixtures import PATIENCE_MS, PostgresServer
from tests.uris import as_member
from tests.waiting import until
from yabot.errors import StoreUnavailable
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.postgres import PostgresDatabase

# For a MongoDB that is not there: pymongo looks for another server for as long. What is only late
# on a busy machine ends the roll-back sooner than the cut would have, and as well.
SOON_MS = 500

pytestmark = [pytest.mark.slow, pytest.mark.criterion("5.4.4")]


@pytest.fixture
def sql_url(postgres_server: PostgresServer) -> Iterator[str]:
    name = postgres_server.create_migrated()
    yield postgres_server.url_of(name)
    postgres_server.drop(name)


@asynccontextmanager
async def a_process(
    sql: str, mongodb: str, name: str, folder: Path, mongodb_ms: int = PATIENCE_MS
) -> AsyncIterator[Both]:
    database = PostgresDatabase(sql, pool_size=4, timeout_ms=PATIENCE_MS)
    documents = DocumentStore(mongodb, name, max_pool_size=4, timeout_ms=mongodb_ms)
    await database.open()
    try:
        yield new_both(database, documents, folder)
    finally:
        await database.close()
        await documents.close()


@pytest.fixture
async def migrated(
    sql_url: str, mongodb_uri: str, mongo_database: str, tmp_path: Path
) -> AsyncIterator[Both]:
    """Three were with the old bot; one of them has come here since, and somebody new."""
    (tmp_path / "db.json").write_text("{}")
    async with a_process(sql_url, mongodb_uri, mongo_database, tmp_path) as both:
        for reader in (ANA, BEA, CLEO):
            both.earns_there(reader, 20)
        await migrate(both)
        await both.comes(ANA)
        await both.earns(ANA, 100)
        await both.comes(DORA, "Dora")
        services = both.house.world.services
        # So that another process asks MongoDB for what it needs of them.
        async with following(services.commits, services.documents):
            await until(nothing_waits(services.database))
        yield both


@pytest.fixture
def postgres_proxy(sql_url: str) -> Iterator[tuple[Proxy, str]]:
    with firewalled_postgres(sql_url) as opened:
        yield opened


@pytest.fixture
def mongodb_proxy(mongodb_uri: str) -> Iterator[tuple[Proxy, str]]:
    with firewalled(as_member(mongodb_uri)) as opened:
        yield opened


@pytest.mark.parametrize("pieces", [0, 30, 70, 110, 140, 160, 175, 190])
async def test_sql_goes_away(
    migrated: Both,
    postgres_proxy: tuple[Proxy, str],
    mongodb_uri: str,
    mongo_database: str,
    tmp_path: Path,
    pieces: int,
) -> None:
    proxy, url = postgres_proxy
    await is_cut_off(proxy, pieces, a_process(url, mongodb_uri, mongo_database, tmp_path))
    await comes_to_its_end(migrated)


@pytest.mark.parametrize("pieces", [0, 3, 5])
async def test_mongodb_goes_away(
    migrated: Both,
    mongodb_proxy: tuple[Proxy, str],
    sql_url: str,
    mongo_database: str,
    tmp_path: Path,
    pieces: int,
) -> None:
    proxy, url = mongodb_proxy
    await is_cut_off(proxy, pieces, a_process(sql_url, url, mongo_database, tmp_path, SOON_MS))
    await comes_to_its_end(migrated)


async def is_cut_off(proxy: Proxy, pieces: int, process: AbstractAsyncContextManager[Both]) -> None:
    """Where so many were enough, it has come to its end before."""
    async with process as both:
        proxy.refuse_after(pieces)
        with suppress(StoreUnavailable):
            await roll_back(both)


async def comes_to_its_end(migrated: Both) -> None:
    """As a roll-back that nothing has disturbed: test_rollback.py."""
    done = await roll_back(migrated)
    assert done.reconciles
    assert await phase(migrated) == "rolled_back"
    assert kisses(migrated) == {ANA: 125, BEA: 25, CLEO: 25, DORA: 0}
    assert [await migrated.has(each) for each in (ANA, BEA, CLEO, DORA)] == [125, 0, 0, 0]
    assert await migrated.house.audits() == []
