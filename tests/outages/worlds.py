"""A pytest plugin: servers to be taken away, and programs that know them only through proxies."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from redis import Redis

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.stores import Stores
from tests.outages.proxy import proxying
from tests.outages.servers import EngineServer, PostgresServer, Server, running_postgres
from tests.outages.stores import PostgresStores
from tests.outages.world import Component, Place, World
from tests.uris import moved_to
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

NewWorld = Callable[..., World]


@pytest.fixture(scope="session")
def mortal_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineServer]:
    yield from _mortal(EmbeddedMongod(tmp_path_factory.mktemp("mortal-mongod")))


@pytest.fixture(scope="session")
def mortal_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineServer]:
    yield from _mortal(EmbeddedValkey(tmp_path_factory.mktemp("mortal-valkey")))


@pytest.fixture(scope="session")
def mortal_postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


def _mortal(engine: EmbeddedEngine) -> Iterator[EngineServer]:
    server = EngineServer(engine)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.end())


@pytest.fixture
async def new_world(
    new_program: NewProgram,
    mortal_mongod: EngineServer,
    mortal_valkey: EngineServer,
    request: pytest.FixtureRequest,
) -> AsyncIterator[NewWorld]:
    """Makes a world on empty stores, whose program does not run yet; all is well afterwards.

    Its time-outs are the default ones: with shorter ones a busy machine would lose stores as well.
    """
    servers: dict[Component, Server] = {"mongodb": mortal_mongod, "redis": mortal_valkey}
    await _revive(servers)
    with ExitStack() as opened, Redis.from_url(mortal_valkey.address("")) as redis:
        redis.flushall()

        def make(*, postgres: bool = False, **settings: str) -> World:
            """``postgres``: SQL is a server too, and can be lost; else it is SQLite."""
            database = f"test_{uuid4().hex}"
            if postgres:
                server: PostgresServer = request.getfixturevalue("mortal_postgres")
                server.create_database(database)
                servers["sql"] = server
            places = {
                component: Place(server, opened.enter_context(proxying(server.connect)))
                for component, server in servers.items()
            }
            program = new_program(patient=False, **_addresses(places, database), **settings)
            stores = _stores(program, servers, database)
            opened.callback(stores.close)
            return World(program, stores, places)

        yield make
        await _revive(servers)


def _addresses(places: dict[Component, Place], database: str) -> dict[str, str]:
    """What the program is told: the proxies'."""
    at = {
        component: moved_to(place.server.address(database), place.proxy.port)
        for component, place in places.items()
        if component != "sql"
    }
    addresses = {
        "MONGODB_URI": at["mongodb"],
        "MONGODB_DATABASE": database,
        "REDIS_URL": at["redis"],
    }
    if "sql" in places:
        place = f"127.0.0.1:{places['sql'].proxy.port}"
        addresses["DATABASE_URL"] = f"postgresql://postgres@{place}/{database}"
    return addresses


def _stores(program: Program, servers: dict[Component, Server], database: str) -> Stores:
    """What the test looks into, past the proxies."""
    at = {component: server.address(database) for component, server in servers.items()}
    if "sql" in at:
        return PostgresStores(at["sql"], at["mongodb"], database, at["redis"])
    return Stores(program.data / "yabot.db", at["mongodb"], database, at["redis"])


async def _revive(servers: dict[Component, Server]) -> None:
    for server in servers.values():
        server.thaw()
        await server.start()
