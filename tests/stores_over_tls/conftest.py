"""Each store behind a door of TLS, as the settings name it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
from pymongo.asynchronous.client_session import AsyncClientSession
from sqlalchemy import Connection

from tests.certificates import Authority, Leaf
from tests.doors import Door, doors
from tests.outages.proxy import Upstream, at_port, at_socket
from tests.uris import port_of
from tests.waiting import PATIENCE, until
from yabot.app.stores import open_database, open_documents, open_redis
from yabot.app.watches import ping_documents
from yabot.bus.connection import ping_redis
from yabot.cli import probes
from yabot.cli.probes import Check
from yabot.errors import StoreUnavailable
from yabot.runtime.watch import Gate, StoreWatch
from yabot.settings import ConfigManager, Settings
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

UNHURRIED = dict.fromkeys(
    ("MONGODB_TIMEOUT_MS", "SQL_TIMEOUT_MS", "REDIS_TIMEOUT_MS"), str(int(PATIENCE * 1000))
)


@dataclass(frozen=True)
class Kind:
    """How one of the three stores is named, asked and examined."""

    name: str
    variable: str
    address: str
    # The options that name the authority to believe, and a certificate of ours with its key.
    authority: str
    ours: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    examine: Callable[[Settings], Awaitable[Check]]


KINDS = {
    "mongodb": Kind(
        "MongoDB", "MONGODB_URI", "mongodb://{user}localhost:{port}/", "tlsCAFile",
        ("tlsCertificateKeyFile",), (("directConnection", "true"), ("tls", "true")),
        probes.mongodb,
    ),
    "postgres": Kind(
        "PostgreSQL", "DATABASE_URL", "postgresql://{user}localhost:{port}/postgres",
        "sslrootcert", ("sslcert", "sslkey"), (("sslmode", "verify-full"),), probes.sql,
    ),
    "redis": Kind(
        "Redis", "REDIS_URL", "rediss://{user}localhost:{port}/", "ssl_ca_certs",
        ("ssl_certfile", "ssl_keyfile"), (), probes.redis,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Store:
    kind: Kind
    door: Door
    authority: Authority
    folder: Path
    # And the password, as they stand in an address.
    user: str

    @property
    def believed(self) -> Path:
        """The file with the authority that the program believes."""
        return self.folder / "believed.pem"

    def settings(self, *, ours: Leaf | None = None, patiently: bool = False) -> Settings:
        """``patiently``: for a store that answers, however busy the machine is."""
        options = dict(self.kind.others) | {self.kind.authority: str(self.believed)}
        if ours is not None:
            files = self.name_ours(ours)
            options |= dict(zip(self.kind.ours, map(str, files), strict=True))
        address = self.kind.address.format(user=self.user, port=self.door.port)
        given = {
            "YABOT_DATA_DIR": str(self.folder),
            "MONGODB_TIMEOUT_MS": "2000",
            "REDIS_TIMEOUT_MS": "1000",
            **(UNHURRIED if patiently else {}),
            self.kind.variable: f"{address}?{urlencode(options, quote_via=quote)}",
        }
        return ConfigManager(given, None).load()

    def name_ours(self, leaf: Leaf) -> tuple[Path, ...]:
        """The files of our certificate, in the order of the options; they may be there already."""
        certificate, key = leaf.write(self.folder / "ours")
        both = certificate.with_name("server.pem")
        return (certificate, key) if len(self.kind.ours) > 1 else (both,)

    @asynccontextmanager
    async def watched(self, settings: Settings) -> AsyncIterator["Watched"]:
        """As the program watches it, which goes on without it where it does not answer."""
        async with AsyncExitStack() as stack:
            gate, ping, write = await self._open(settings, stack)
            watch = StoreWatch(gate, ping, ping, every=0.05)
            await watch.start(60)
            stack.push_async_callback(watch.stop)
            yield Watched(watch, self.door, ping, write)

    async def _open(self, settings: Settings, stack: AsyncExitStack) -> tuple[Gate, "Step", "Step"]:
        """Its gate; how it is pinged, and how something is written."""
        if self.kind.name == "MongoDB":
            documents = await stack.enter_async_context(open_documents(settings))
            ping = partial(ping_documents, documents)
            return documents.gate, ping, partial(in_a_transaction, documents)
        if self.kind.name == "PostgreSQL":
            database: Database = open_database(settings)
            stack.push_async_callback(database.close)
            return database.gate, database.open, lambda: database.write(touch)
        redis = await stack.enter_async_context(open_redis(settings))
        return Gate("Redis"), lambda: ping_redis(redis), lambda: redis.incr("traffic")


Step = Callable[[], Awaitable[object]]


async def in_a_transaction(documents: DocumentStore) -> None:
    async def change(session: AsyncClientSession) -> None:
        traffic = documents["traffic"]
        await traffic.find_one({}, session=session)
        await documents["traffic"].insert_one({}, session=session)

    await documents.transaction(change)


def touch(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1")


@dataclass(frozen=True)
class Watched:
    watch: StoreWatch
    door: Door
    ping: Step
    write: Step

    @property
    def reason(self) -> str | None:
        return self.watch.gate.reason

    async def becomes(self, reason: str | None) -> None:
        """Waits until it is well, or away for that reason."""

        async def has_become() -> bool:
            return self.reason == reason

        await until(has_become)

    async def connects(self) -> None:
        """Waits until it answers, over a connection that nobody has cut."""

        async def answers() -> bool:
            try:
                await self.ping()
            except StoreUnavailable:
                return False
            return True

        await until(answers)

    async def gives_up_what_it_has(self) -> None:
        """Waits until a connection that there is now has been closed, by nobody else."""

        before: set[asyncio.WriteTransport] = set()

        async def is_connected() -> bool:
            """A slow store may just have been given up; it is pinged again and again."""
            before.update(self.door.ends())
            return bool(before)

        await until(is_connected)

        async def has() -> bool:
            # One that rests beneath others in its pool is given up when it is used.
            await asyncio.gather(*(self.ping() for _ in before), return_exceptions=True)
            return not before <= self.door.ends()

        await until(has)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def foreign() -> Authority:
    return Authority("foreign")


@pytest.fixture(scope="session")
def right(authority: Authority) -> Leaf:
    return authority.leaf("localhost")


@pytest.fixture(params=KINDS)
def store(
    request: pytest.FixtureRequest, authority: Authority, right: Leaf, tmp_path: Path
) -> Iterator[Store]:
    """The door shows the right certificate, and the program believes its authority."""
    kind: str = request.param
    place: str = request.getfixturevalue(PLACES[kind])
    user = "".join(urlsplit(place).netloc.rpartition("@")[:2])
    with doors() as opened:
        found = Store(KINDS[kind], opened.new(_way(place)), authority, tmp_path, user)
        found.door.show(right)
        authority.write(found.believed)
        yield found


PLACES = {"mongodb": "mongodb_uri", "postgres": "postgres_url", "redis": "redis_url"}


def _way(place: str) -> Upstream:
    _, is_socket, folder = place.partition("?host=")
    return at_socket(folder) if is_socket else at_port(port_of(place))
