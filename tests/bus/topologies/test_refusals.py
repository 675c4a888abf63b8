"""What is wrong with a Redis that cannot be used, in one sentence that says how to mend it."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis.exceptions import ResponseError

from labs.cluster import ClusterLab, is_whole
from labs.node import Node
from labs.ports import Reservation
from labs.sentinel import SentinelLab
from labs.waiting import until
from tests.bus.topologies.redis_places import (
    NEVER_MS,
    PASSWORD,
    SENTINEL_PASSWORD,
    Connect,
    Place,
    watching,
)
from tests.waiting import PATIENCE
from tests.waiting import until as eventually
from yabot.bus.connection import ping_redis
from yabot.bus.streams import Streams
from yabot.bus.topologies.sentinel import Primary, PrimaryPool
from yabot.cli.probes import redis as examine
from yabot.errors import ConfigurationError, StartupError, StoreUnavailable
from yabot.settings import ConfigManager

pytestmark = pytest.mark.criterion("2.1.4")


async def test_sentinels_that_are_not_there(connected: Connect) -> None:
    nowhere = [Reservation() for _ in range(2)]
    addresses = ",".join(f"127.0.0.1:{each.port}" for each in nowhere)
    redis = await connected(REDIS_SENTINELS=addresses, REDIS_SENTINEL_MASTER="mymaster")
    told = f"no Sentinel answers at {addresses.replace(',', ', ')}: .*connection refused"
    with pytest.raises(StoreUnavailable, match=told):
        await ping_redis(redis)


async def test_a_primary_that_no_sentinel_knows(sentinels: SentinelLab, connected: Connect) -> None:
    environ = sentinels.environment() | {
        "REDIS_SENTINEL_MASTER": "hermaster",
        "REDIS_SENTINEL_PASSWORD": SENTINEL_PASSWORD,
    }
    redis = await connected(**environ)
    told = "the Sentinels know no primary called 'hermaster'; check REDIS_SENTINEL_MASTER"
    with pytest.raises(StartupError, match=told):
        await ping_redis(redis)


@pytest.mark.parametrize("given", [{}, {"REDIS_SENTINEL_PASSWORD": "wr0ng"}], ids=["no", "wrong"])
async def test_sentinels_that_want_another_password(
    sentinels: SentinelLab, connected: Connect, given: dict[str, str]
) -> None:
    redis = await connected(REDIS_PASSWORD=PASSWORD, **sentinels.environment(), **given)
    told = "a Sentinel refuses the connection .*check REDIS_SENTINEL_PASSWORD"
    with pytest.raises(StartupError, match=told) as caught:
        await ping_redis(redis)
    assert "wr0ng" not in str(caught.value)


async def test_sentinels_with_the_nodes_password_need_no_other(
    single: Node, connected: Connect, tmp_path: Path
) -> None:
    with running(watching(tmp_path / "sentinel", single.port, password=PASSWORD)) as sentinel:
        redis = await connected(
            REDIS_PASSWORD=PASSWORD,
            REDIS_SENTINELS=sentinel.address,
            REDIS_SENTINEL_MASTER="mymaster",
        )
        await ping_redis(redis)


async def test_of_two_sentinels_the_one_that_saw_the_last_failover_is_right(
    single: Node, connected: Connect, tmp_path: Path
) -> None:
    elsewhere = Reservation()
    with (
        running(watching(tmp_path / "late", elsewhere.port, epoch=1)) as late,
        running(watching(tmp_path / "up-to-date", single.port, epoch=7)) as up_to_date,
    ):
        redis = await connected(
            REDIS_PASSWORD=PASSWORD,
            REDIS_SENTINELS=f"{late.address},{up_to_date.address}",
            REDIS_SENTINEL_MASTER="mymaster",
            REDIS_SENTINEL_PASSWORD=SENTINEL_PASSWORD,
            REDIS_TIMEOUT_MS=str(NEVER_MS),
        )
        assert isinstance(redis.connection_pool, PrimaryPool)
        assert (await known_to_both(redis.connection_pool)).port == single.port
        # And of one that has been stopped, nobody waits for an answer.
        up_to_date.freeze()
        async with asyncio.timeout(PATIENCE):
            await redis.connection_pool.disconnect()
            with pytest.raises(StoreUnavailable, match="connection refused"):
                await ping_redis(redis)


async def known_to_both(pool: PrimaryPool) -> Primary:
    """What is found once both have been heard: whoever is late is not waited for."""
    found: list[Primary] = []

    async def both_are_heard() -> bool:
        found.append(await pool.sentinel_manager.primary())
        return found[-1].known_to == 2

    await eventually(both_are_heard)
    return found[-1]


async def test_a_node_that_is_in_no_cluster(single: Node, connected: Connect) -> None:
    environ = {"REDIS_URL": f"redis://{single.address}", "REDIS_PASSWORD": PASSWORD}
    redis = await connected(**environ, REDIS_CLUSTER="true")
    told = f"{single.address} is no node of a Redis Cluster; set REDIS_URL to one, or leave"
    with pytest.raises(StartupError, match=told):
        await ping_redis(redis)


async def test_a_node_of_a_cluster_that_is_not_said_to_be_one(
    cluster: ClusterLab, connected: Connect
) -> None:
    redis = await connected(REDIS_URL=cluster.environment()["REDIS_URL"], REDIS_PASSWORD=PASSWORD)
    with pytest.raises(StoreUnavailable, match="names a node of a Cluster; set REDIS_CLUSTER=true"):
        await asyncio.gather(*(Streams(redis).position(partition) for partition in range(16)))


async def test_a_cluster_without_all_slots(cluster: ClusterLab, connected: Connect) -> None:
    redis = await connected(**cluster.environment(), REDIS_PASSWORD=PASSWORD)
    await ping_redis(redis)
    with one_slot_missing(cluster):
        with pytest.raises(StoreUnavailable, match="the Cluster is down"):
            await Streams(redis).position(2)
        with pytest.raises(
            StoreUnavailable, match="the Cluster is down: only 16383 of its 16384 slots are served"
        ):
            await ping_redis(redis)
    await ping_redis(redis)
    assert await Streams(redis).position(2) == 0


@contextmanager
def one_slot_missing(cluster: ClusterLab) -> Iterator[None]:
    holder = cluster.holder_of(16383)
    until(lambda: not any(_has_slot(node) for node in [holder, *cluster.nodes]))
    try:
        yield
    finally:
        holder.ask("CLUSTER", "ADDSLOTS", "16383")
        until(lambda: all(map(is_whole, cluster.nodes)))


def _has_slot(node: Node) -> bool:
    """Whether it still takes itself for whole; if so, it has to forget the slot once more.

    What the holder has told before it forgot may reach the others after they did.
    """
    if not is_whole(node):
        return False
    with suppress(ResponseError):
        node.ask("CLUSTER", "DELSLOTS", "16383")
    return True


@contextmanager
def running(node: Node) -> Iterator[Node]:
    try:
        yield node
    finally:
        node.end()


async def test_the_doctor_says_what_it_has_reached(place: Place, tmp_path: Path) -> None:
    manager = ConfigManager({"YABOT_DATA_DIR": str(tmp_path), **place.environment}, None)
    expected = "answers: a single server"
    if "REDIS_SENTINELS" in place.environment:
        expected = f"answers: the primary {place.nodes[0].address}, known to 3 of 3 Sentinels"
    if "REDIS_CLUSTER" in place.environment:
        expected = "answers: a Cluster of 3 primaries and 3 replicas"
    settings = manager.load()
    told: list[str] = []

    async def all_are_heard() -> bool:
        """Whoever answers much later than the first is not waited for, and not counted."""
        check = await examine(settings)
        told.append(check.message)
        return (check.state, check.message) == ("ok", expected)

    await eventually(all_are_heard)
    counted = re.compile(r"known to [123] of 3|[0-3] primaries and [0-3] replicas")
    assert {counted.sub("", each) for each in told} == {counted.sub("", expected)}


async def test_the_doctor_tells_a_mistaken_server_apart(
    sentinels: SentinelLab, cluster: ClusterLab, tmp_path: Path
) -> None:
    sentinel = sentinels.sentinels[0].address
    for url, password, told in (
        (f"redis://{sentinel}", SENTINEL_PASSWORD, "REDIS_URL names a Sentinel; name it in"),
        (cluster.environment()["REDIS_URL"], PASSWORD, "REDIS_URL names a node of a Cluster; set"),
    ):
        environ = {"REDIS_URL": url, "REDIS_PASSWORD": password, "YABOT_DATA_DIR": str(tmp_path)}
        check = await examine(ConfigManager(environ, None).load())
        assert check.state == "problem"
        assert check.message.startswith(told)


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {"REDIS_CLUSTER": "true", "REDIS_URL": "redis://127.0.0.1/3"},
            "REDIS_URL: a Cluster has no database but 0; leave the number out",
        ),
        (
            {"REDIS_CLUSTER": "true", "REDIS_URL": "unix:///run/redis.sock"},
            "REDIS_URL: a Unix socket cannot be used with REDIS_CLUSTER; use redis:// or rediss://",
        ),
        (
            {
                "REDIS_SENTINELS": "a",
                "REDIS_SENTINEL_MASTER": "m",
                "REDIS_URL": "unix:///run/redis.sock",
            },
            "REDIS_URL: a Unix socket cannot be used with REDIS_SENTINELS; use redis:// or "
            "rediss://",
        ),
    ],
)
def test_what_cannot_work_is_refused_at_once(environ: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ConfigManager(environ, None).load()
    assert caught.value.problems == (told,)


def test_a_sentinels_password_is_a_secret_and_needs_sentinels() -> None:
    manager = ConfigManager({"REDIS_SENTINEL_PASSWORD": "hush"}, None)
    assert "hush" in manager.load().secrets()
    assert manager.warnings() == ["REDIS_SENTINEL_PASSWORD: has no effect without REDIS_SENTINELS"]
