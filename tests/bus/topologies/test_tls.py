"""With rediss:// every connection is encrypted: to a server, to Sentinels and to all nodes."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from labs.cluster import ClusterLab
from labs.node import Node
from labs.waiting import until
from tests.bus.topologies.redis_places import (
    NEVER_MS,
    PASSWORD,
    SENTINEL_PASSWORD,
    Connect,
    watching,
)
from tests.certificates import Authority, Leaf
from tests.doors import Doors, doors
from tests.waiting import until as soon
from yabot.bus.connection import ping_redis
from yabot.bus.streams import Streams
from yabot.embedded.ports import LOOPBACK
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry

pytestmark = pytest.mark.criterion("2.1.4", "sec.2")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def right(authority: Authority) -> Leaf:
    return authority.leaf()


@pytest.fixture(scope="module")
def opened() -> Iterator[Doors]:
    with doors() as opened:
        yield opened


@pytest.fixture(scope="module")
def options(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The authority to believe, and a certificate of ours."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = authority.leaf().write(folder)
    believed = authority.write(folder / "ca.pem")
    return f"ssl_ca_certs={believed}&ssl_certfile={certificate}&ssl_keyfile={key}"


@dataclass(frozen=True)
class Behind:
    """What the program is told, and what stands behind the doors."""

    environment: dict[str, str]
    nodes: list[Node]


@pytest.fixture(scope="module", params=["single", "sentinel", "cluster"])
def behind(
    request: pytest.FixtureRequest,
    opened: Doors,
    options: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Behind]:
    """Whatever the program is told of stands behind a door."""
    folder = tmp_path_factory.mktemp("behind-doors")
    given = {"REDIS_PASSWORD": PASSWORD}
    if request.param == "cluster":
        lab = ClusterLab(folder / "cluster", password=PASSWORD, masters=2, dead_after_ms=NEVER_MS)
        started: list[Node] = lab.nodes
        lab.start()
        ports = [announce(node, door_to(opened, node)) for node in lab.nodes]
        until(lambda: all(known_ports(node) == set(ports) for node in lab.nodes))
        given |= {"REDIS_CLUSTER": "true", "REDIS_URL": f"rediss://127.0.0.1:{ports[0]}?{options}"}
    else:
        node = Node(folder / "node", [], password=PASSWORD)
        node.start()
        port, started = door_to(opened, node), [node]
        given["REDIS_URL"] = f"rediss://127.0.0.1:{port}/0?{options}"
        if request.param == "sentinel":
            sentinel = watching(folder / "sentinel", port)
            started.append(sentinel)
            given |= {
                "REDIS_URL": f"rediss://not-used/0?{options}",
                "REDIS_SENTINELS": f"127.0.0.1:{door_to(opened, sentinel)}",
                "REDIS_SENTINEL_MASTER": "mymaster",
                "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
            }
    yield Behind(given, started)
    for each in started:
        each.end()


@pytest.fixture
def environment(behind: Behind) -> dict[str, str]:
    return behind.environment


@pytest.fixture(autouse=True)
def shown(environment: dict[str, str], opened: Doors, right: Leaf, authority: Authority) -> None:
    """The right certificate; and who has none of ours does not get in."""
    opened.show(right, clients=authority)


def door_to(opened: Doors, node: Node) -> int:
    return opened.new(lambda: socket.create_connection((LOOPBACK, node.port))).port


def announce(node: Node, port: int) -> int:
    node.ask("CONFIG", "SET", "cluster-announce-port", str(port))
    return port


def known_ports(node: Node) -> set[int]:
    return {int(each[1]) for _, _, *holders in node.ask("CLUSTER", "SLOTS") for each in holders}


async def test_every_connection_is_encrypted(
    environment: dict[str, str], opened: Doors, connected: Connect
) -> None:
    before = visits(opened)
    redis = await connected(**environment)
    await ping_redis(redis)
    for n in range(4):
        entry = Entry(n, 1, "probe", "{}")
        assert await Streams(redis).append(n, 0, [entry]) == (1, True)
    # One server; or a Sentinel and the primary; or at least the masters.
    is_one = environment.keys().isdisjoint({"REDIS_CLUSTER", "REDIS_SENTINELS"})
    assert visits(opened) - before >= (1 if is_one else 2)


def visits(opened: Doors) -> int:
    return sum(door.with_tls for door in opened.opened)


WRONG: dict[str, tuple[Callable[[Authority, Authority], Leaf], str]] = {
    "expired": (lambda own, _: own.expired(), "its certificate has expired"),
    "wrongly named": (
        lambda own, _: own.leaf("redis.example.org"),
        "its certificate is for another name",
    ),
    "foreign": (
        lambda _, other: other.leaf(),
        "no authority that is trusted has signed its certificate",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_certificate_is_not_believed_until_it_is_mended(
    environment: dict[str, str],
    opened: Doors,
    connected: Connect,
    authority: Authority,
    right: Leaf,
    wrong: str,
) -> None:
    make, sentence = WRONG[wrong]
    redis = await connected(**environment)
    await ping_redis(redis)
    opened.show(make(authority, Authority("foreign")), clients=authority)
    await soon(lambda: says(redis, sentence))
    opened.show(right, clients=authority)
    await soon(lambda: says(redis, ""))


async def says(redis: Redis, sentence: str) -> bool:
    """Whether it is away for that reason; an empty one means that it answers."""
    try:
        await ping_redis(redis)
    except StoreUnavailable as error:
        return bool(sentence) and sentence in error.reason
    return not sentence


ANOTHERS = "its certificate is for another name"


async def test_the_name_is_the_one_that_is_announced(
    behind: Behind, opened: Doors, connected: Connect, authority: Authority
) -> None:
    """Sentinels and nodes tell addresses: a certificate for a name does only once they tell it."""
    told = behind.environment
    named = {name: value.replace("127.0.0.1", "localhost") for name, value in told.items()}
    opened.show(authority.leaf("localhost"), clients=authority)
    is_alone = told.keys().isdisjoint({"REDIS_CLUSTER", "REDIS_SENTINELS"})
    redis = await connected(**named)
    await soon(lambda: says(redis, "" if is_alone else ANOTHERS))
    with announcing_names(behind):
        redis = await connected(**named)
        await soon(lambda: says(redis, ""))


@contextmanager
def announcing_names(behind: Behind) -> Iterator[None]:
    if "REDIS_CLUSTER" in behind.environment:
        configure(behind.nodes, "localhost", "hostname")
        yield
        configure(behind.nodes, "", "ip")
    elif "REDIS_SENTINELS" in behind.environment:
        _, sentinel = behind.nodes
        for name in ("resolve-hostnames", "announce-hostnames"):
            sentinel.ask("SENTINEL", "CONFIG", "SET", name, "yes")
        [state] = sentinel.ask("SENTINEL", "MASTERS")
        watch(sentinel, "localhost", state["port"])
        yield
        watch(sentinel, LOOPBACK, state["port"])
    else:
        yield


def configure(nodes: list[Node], announced: str, kind: str) -> None:
    for node in nodes:
        node.ask("CONFIG", "SET", "cluster-announce-hostname", announced)
        node.ask("CONFIG", "SET", "cluster-preferred-endpoint-type", kind)
    host = announced or LOOPBACK
    until(lambda: all(known_hosts(node) == {host} for node in nodes))


def known_hosts(node: Node) -> set[str]:
    slots = node.ask("CLUSTER", "SLOTS")
    return {str(each[0]) for _, _, *holders in slots for each in holders}


def watch(sentinel: Node, host: str, port: object) -> None:
    sentinel.ask("SENTINEL", "REMOVE", "mymaster")
    sentinel.ask("SENTINEL", "MONITOR", "mymaster", host, str(port), "1")
    sentinel.ask("SENTINEL", "SET", "mymaster", "auth-pass", PASSWORD)
