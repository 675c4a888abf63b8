"""With rediss:// every connection is encrypted: to a server, to Sentinels and to all nodes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from labs.cluster import ClusterLab
from labs.node import Node
from labs.waiting import until
from tests.bus.topologies.doors import Doors, doors, make_certificate
from tests.bus.topologies.redis_places import (
    NEVER_MS,
    PASSWORD,
    SENTINEL_PASSWORD,
    Connect,
    watching,
)
from yabot.bus.connection import ping_redis
from yabot.bus.streams import Streams
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry

pytestmark = pytest.mark.criterion("2.1.4", "sec.2")

FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture(scope="module")
def opened(certificate: Path) -> Iterator[Doors]:
    with doors(certificate) as opened:
        yield opened


@pytest.fixture(scope="module", params=["single", "sentinel", "cluster"])
def environment(
    request: pytest.FixtureRequest,
    opened: Doors,
    certificate: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """Whatever the program is told of stands behind a door."""
    folder = tmp_path_factory.mktemp("behind-doors")
    options = "&".join(f"{name}={certificate}" for name in FILES)
    given = {"REDIS_PASSWORD": PASSWORD}
    if request.param == "cluster":
        lab = ClusterLab(folder / "cluster", password=PASSWORD, masters=2, dead_after_ms=NEVER_MS)
        started: list[Node] = lab.nodes
        lab.start()
        ports = [announce(node, opened.new(node.port)) for node in lab.nodes]
        until(lambda: all(known_ports(node) == set(ports) for node in lab.nodes))
        given |= {"REDIS_CLUSTER": "true", "REDIS_URL": f"rediss://127.0.0.1:{ports[0]}?{options}"}
    else:
        node = Node(folder / "node", [], password=PASSWORD)
        node.start()
        port, started = opened.new(node.port), [node]
        given["REDIS_URL"] = f"rediss://127.0.0.1:{port}/0?{options}"
        if request.param == "sentinel":
            sentinel = watching(folder / "sentinel", port)
            started.append(sentinel)
            given |= {
                "REDIS_URL": f"rediss://not-used/0?{options}",
                "REDIS_SENTINELS": f"127.0.0.1:{opened.new(sentinel.port)}",
                "REDIS_SENTINEL_MASTER": "mymaster",
                "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            }
    yield given
    for each in started:
        each.end()


def announce(node: Node, port: int) -> int:
    node.ask("CONFIG", "SET", "cluster-announce-port", str(port))
    return port


def known_ports(node: Node) -> set[int]:
    return {int(each[1]) for _, _, *holders in node.ask("CLUSTER", "SLOTS") for each in holders}


async def test_every_connection_is_encrypted(
    environment: dict[str, str], opened: Doors, connected: Connect
) -> None:
    before = opened.with_tls
    redis = await connected(**environment)
    await ping_redis(redis)
    for n in range(4):
        entry = Entry(n, 1, "probe", "{}")
        assert await Streams(redis).append(n, 0, [entry]) == 1
    # One server; or a Sentinel and the primary; or at least the masters.
    is_one = environment.keys().isdisjoint({"REDIS_CLUSTER", "REDIS_SENTINELS"})
    assert opened.with_tls - before >= (1 if is_one else 2)


async def test_another_authoritys_server_is_not_believed(
    environment: dict[str, str], connected: Connect, certificate: Path, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other.pem")
    url = environment["REDIS_URL"].replace(str(certificate), str(other))
    redis = await connected(**{**environment, "REDIS_URL": url})
    with pytest.raises(StoreUnavailable, match="certificate verify failed"):
        await ping_redis(redis)
