"""Stores for programs that are killed, and the programs."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from pymongo import MongoClient

from tests.crash.child import MODULE, Child
from tests.crash.deeds import FEATURES
from tests.crash.places import Addresses
from tests.crash.program import Orders
from tests.e2e.fork_server import ForkServer
from tests.storage.fixtures import PATIENCE_MS, PostgresServer
from yabot.feature import collections_of
from yabot.storage.documents.store import DocumentStore

NewPlace = Callable[[], Addresses]
NewChild = Callable[[Orders], Child]
# Programs wait more than they work: so many tests share the machine well.
SIDE_BY_SIDE = 4


@pytest.fixture(scope="session")
def forks(warm_door: Path) -> Iterator[ForkServer]:
    with ForkServer(warm_door, MODULE) as server:
        yield server


@pytest.fixture(scope="session")
def ready_databases(mongodb_uri: str) -> list[str]:
    """The names of MongoDB databases with their collections, for one test after another."""
    names = [f"crash_{uuid4().hex}" for _ in range(SIDE_BY_SIDE)]
    for name in names:
        asyncio.run(make_collections(mongodb_uri, name))
    return names


async def make_collections(uri: str, name: str) -> None:
    documents = DocumentStore(uri, name, max_pool_size=1, timeout_ms=PATIENCE_MS)
    await documents.ensure(collections_of(FEATURES))
    await documents.close()


@pytest.fixture
def databases(mongodb_uri: str, ready_databases: list[str]) -> list[str]:
    """Without a document."""
    with MongoClient[dict[str, object]](mongodb_uri) as client:
        for name in ready_databases:
            client[name].users.delete_many({})
    return ready_databases


@pytest.fixture
def new_place(
    tmp_path: Path, migrated_sqlite: Path, mongodb_uri: str, databases: list[str], redis_db: str
) -> NewPlace:
    """An SQLite file, and databases of its own in MongoDB and Valkey: SIDE_BY_SIDE of them."""
    numbers = count()

    def make() -> Addresses:
        number = next(numbers)
        path = tmp_path / f"{number}.db"
        shutil.copy(migrated_sqlite, path)
        redis = f"{redis_db.rpartition('/')[0]}/{number}"
        return Addresses(str(path), mongodb_uri, databases[number], redis)

    return make


@pytest.fixture
def on_postgres(
    postgres_server: PostgresServer, mongodb_uri: str, databases: list[str], redis_db: str
) -> Iterator[Addresses]:
    name = postgres_server.create_migrated()
    yield Addresses(postgres_server.url_of(name), mongodb_uri, databases[0], redis_db)
    postgres_server.drop(name)


@pytest.fixture
def new_child(forks: ForkServer, tmp_path: Path) -> Iterator[NewChild]:
    """Makes programs that do not run yet; whatever still runs at the end is ended."""
    made: list[Child] = []

    def make(orders: Orders) -> Child:
        folder = tmp_path / f"program-{len(made)}"
        folder.mkdir()
        made.append(Child(forks, folder, orders))
        return made[-1]

    yield make
    for child in made:
        child.end()
