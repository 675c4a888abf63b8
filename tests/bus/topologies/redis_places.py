"""A pytest plugin: Redis in each of its shapes, all with passwords and with a user for the bot."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Generic, TypeVar

import pytest
from redis.asyncio import Redis

from labs.cluster import ClusterLab
from labs.node import Node
from labs.sentinel import SentinelLab
from yabot.settings import ConfigManager

PASSWORD = "p:ss/w@rd"
SENTINEL_PASSWORD = "watch#word"
USER = "yabot"
# What docs/deploy.md has operators give to the bot.
RIGHTS = Path(__file__).parents[3] / "deploy/redis-bot.acl"
USER_PASSWORD = "u%er/p@ss"
ENCODED = "u%25er%2Fp%40ss"
# Nobody takes the place of a node that is only slow.
NEVER_MS = 600_000
# What a server on a busy machine does not exceed; whoever stops one says something shorter.
TIMEOUT_MS = 100_000
# After which a frozen one is given up. Who is told this of a busy one only has to ask again.
FROZEN_MS = "1000"

# Seconds for which a lab is kept that no test needs.
KEPT = 15.0

Connect = Callable[..., Awaitable[Redis]]
Lab = TypeVar("Lab", bound=SentinelLab | ClusterLab)


@dataclass(frozen=True)
class Place:
    """Where a Redis is: what the program is told, and the nodes that it may talk to."""

    environment: dict[str, str]
    primaries: list[Node]
    replicas: Sequence[Node] = ()

    @property
    def nodes(self) -> list[Node]:
        return [*self.primaries, *self.replicas]


class Lasting(Generic[Lab]):
    """A lab for many tests, which runs while they come one after another.

    It is a pytest plugin: before a test that does not need it, it ends if nobody has for a while.
    A dozen servers that nobody asks keep a fortieth of a core busy, in each process that tests.
    """

    def __init__(self, make: Callable[[], Lab], *fixtures: str) -> None:
        """``fixtures``: whoever takes one of them needs it."""
        self._make = make
        self._fixtures = {*fixtures}
        self._lab: Lab | None = None
        self._used_at = 0.0

    def running(self) -> Lab:
        self._used_at = monotonic()
        if self._lab is None:
            self._lab = self._make()
            self._lab.start()
        return self._lab

    def end(self) -> None:
        if self._lab is not None:
            self._lab.end()
            self._lab = None

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        is_wanted = not self._fixtures.isdisjoint(getattr(item, "fixturenames", ()))
        if not is_wanted and monotonic() - self._used_at > KEPT:
            self.end()


@contextmanager
def lasting(
    config: pytest.Config, make: Callable[[], Lab], *fixtures: str
) -> Iterator[Lasting[Lab]]:
    found = Lasting(make, *fixtures)
    config.pluginmanager.register(found)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="session")
def lasting_sentinels(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting[SentinelLab]]:
    def make() -> SentinelLab:
        return SentinelLab(
            tmp_path_factory.mktemp("sentinels"),
            password=PASSWORD,
            sentinel_password=SENTINEL_PASSWORD,
            dead_after_ms=NEVER_MS,
        )

    with lasting(pytestconfig, make, "sentinels", "place") as found:
        yield found


@pytest.fixture
def sentinels(lasting_sentinels: Lasting[SentinelLab]) -> SentinelLab:
    """Its nodes are empty; it may be hurt."""
    lab = lasting_sentinels.running()
    for node in lab.nodes:
        node.revive()
        node.ask("CONFIG", "SET", "masterauth", PASSWORD)
    lab.mend()
    lab.present_primary().ask("FLUSHALL")
    return lab


@pytest.fixture(scope="session")
def lasting_cluster(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting[ClusterLab]]:
    def make() -> ClusterLab:
        folder = tmp_path_factory.mktemp("cluster")
        return ClusterLab(folder, password=PASSWORD, dead_after_ms=NEVER_MS)

    with lasting(pytestconfig, make, "cluster", "place") as found:
        yield found


@pytest.fixture
def cluster(lasting_cluster: Lasting[ClusterLab]) -> ClusterLab:
    """Empty; it may be hurt."""
    lab = lasting_cluster.running()
    for node in lab.nodes:
        node.revive()
        node.ask("CONFIG", "SET", "masterauth", PASSWORD)
    lab.mend()
    for master in lab.masters:
        master.ask("FLUSHALL")
    return lab


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    node = Node(tmp_path_factory.mktemp("single") / "node", [], password=PASSWORD)
    try:
        node.start()
        yield node
    finally:
        node.end()


@pytest.fixture(params=["single", "sentinel", "cluster"])
def place(request: pytest.FixtureRequest) -> Place:
    """One of the three, empty, calm, where the bot has a user of its own."""
    match request.param:
        case "single":
            node: Node = request.getfixturevalue("single")
            found = Place({"REDIS_URL": f"redis://{USER}:{ENCODED}@{node.address}"}, [node])
        case "sentinel":
            lab: SentinelLab = request.getfixturevalue("sentinels")
            url = f"redis://{USER}:{ENCODED}@ignored:1"
            told = {"REDIS_URL": url, "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD}
            found = Place({**lab.environment(), **told}, [lab.present_primary()])
        case _:
            many: ClusterLab = request.getfixturevalue("cluster")
            url = f"redis://{USER}:{ENCODED}@{many.nodes[0].address}"
            masters = many.masters
            replicas = [node for node in many.nodes if node not in masters]
            found = Place({**many.environment(), "REDIS_URL": url}, masters, replicas)
    for node in found.primaries:
        node.ask("FLUSHALL")
    for node in found.nodes:
        make_user(node)
    return found


def watching(folder: Path, port: int, *, password: str = SENTINEL_PASSWORD, epoch: int = 0) -> Node:
    """A Sentinel, running, that knows a primary there since the failover number ``epoch``."""
    settings = [
        ("sentinel", "monitor", "mymaster", "127.0.0.1", str(port), "1"),
        ("sentinel", "auth-pass", "mymaster", PASSWORD),
        ("sentinel", "config-epoch", "mymaster", str(epoch)),
    ]
    sentinel = Node(folder, settings, password=password, is_sentinel=True)
    sentinel.start()
    return sentinel


def make_user(node: Node) -> None:
    rights = RIGHTS.read_text().split()
    node.ask("ACL", "SETUSER", USER, "on", f">{USER_PASSWORD}", *rights)


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Connect]:
    """Opens what the environment names, by configuration alone."""
    # Only now: with it come all features.
    from yabot.app.stores import open_redis

    async with AsyncExitStack() as stack:

        async def connect(**environ: str) -> Redis:
            own = {"YABOT_DATA_DIR": str(tmp_path), "REDIS_TIMEOUT_MS": f"{TIMEOUT_MS}"}
            settings = ConfigManager({**own, **environ}, None).load()
            return await stack.enter_async_context(open_redis(settings))

        yield connect
