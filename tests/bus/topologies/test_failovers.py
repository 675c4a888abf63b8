"""A primary dies, or is stopped, under a stream of commits; a slot moves. Nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from redis.asyncio import Redis

from labs.cluster import ClusterLab
from labs.node import Node
from labs.sentinel import SentinelLab
from tests.bus.topologies.flow import flowing
from tests.bus.topologies.redis_places import FROZEN_MS, PASSWORD, SENTINEL_PASSWORD, Connect
from tests.waiting import PATIENCE, until
from yabot.bus.observer import observe
from yabot.bus.streams import Streams, stream_name
from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("2.1.4", "2.1.3")

# The partition of most of the test's users.
BUSY = stream_name(2)


def environment(lab: SentinelLab | ClusterLab) -> dict[str, str]:
    own = {"REDIS_PASSWORD": PASSWORD, "REDIS_TIMEOUT_MS": FROZEN_MS, **lab.environment()}
    if isinstance(lab, SentinelLab):
        own["REDIS_SENTINEL_PASSWORD"] = SENTINEL_PASSWORD
    return own


def leave_behind(primary: Node, replica: Node) -> None:
    """From now on the replica copies nothing: what the primary acknowledges would be lost."""
    replica.ask("CONFIG", "SET", "masterauth", "not-it-any-more")
    primary.ask("CLIENT", "KILL", "TYPE", "replica")


async def until_behind(replica: Node, primary: Node) -> None:
    """What is committed meanwhile is published when the relay has its turn."""

    async def is_behind() -> bool:
        return written_by(replica) < written_by(primary)

    await until(is_behind)


def written_by(node: Node) -> int:
    """How many bytes of writes the node has."""
    return int(node.ask("INFO", "replication")["master_repl_offset"])


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_a_new_primary_gets_what_it_lacks(
    sentinels: SentinelLab,
    connected: Connect,
    sqlite_database: Database,
    way: Literal["killed", "frozen"],
) -> None:
    redis = await connected(**environment(sentinels))
    primary = sentinels.present_primary()
    [replica] = [node for node in sentinels.nodes if node is not primary]
    async with flowing(sqlite_database, redis) as flow:
        leave_behind(primary, replica)
        await flow.more(30)
        await until_behind(replica, primary)
        primary.kill() if way == "killed" else primary.freeze()
        await asyncio.to_thread(sentinels.replace, primary)
        await flow.more(30)
        # The former primary may believe for a while that it still is one.
        primary.revive()
        await flow.more(30)
    assert sentinels.present_primary() is replica


@pytest.mark.criterion("scale.2")
@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_a_masters_replica_gets_what_it_lacks(
    cluster: ClusterLab,
    connected: Connect,
    sqlite_database: Database,
    way: Literal["killed", "frozen"],
) -> None:
    redis = await connected(**environment(cluster))
    master = cluster.master_of(BUSY)
    replica = cluster.replica_of(master)
    async with flowing(sqlite_database, redis) as flow:
        leave_behind(master, replica)
        await flow.more(30)
        await until_behind(replica, master)
        master.kill() if way == "killed" else master.freeze()
        await asyncio.to_thread(cluster.replace, master, replica)
        await flow.more(30)
        master.revive()
        await flow.more(30)
    assert cluster.master_of(BUSY) is replica


@pytest.mark.criterion("scale.2")
async def test_a_slot_moves_under_the_commits(
    cluster: ClusterLab, connected: Connect, sqlite_database: Database
) -> None:
    redis = await connected(**cluster.environment(), REDIS_PASSWORD=PASSWORD)
    source = cluster.master_of(BUSY)
    target = next(node for node in cluster.masters if node is not source)
    async with flowing(sqlite_database, redis) as flow:
        cluster.begin_move(BUSY, target)
        await flow.more(30)
        cluster.move_keys(BUSY, target)
        moved = await redis.xlen(BUSY)
        await flow.more(30)
        # Now only those get at it who ask, each time, to be let through.
        await until(lambda: longer_than(redis, moved))
        assert await Streams(redis).read({2: 0})
        assert cluster.master_of(BUSY) is source
        await asyncio.to_thread(cluster.end_move, BUSY, target)
        await flow.more(30)
    assert cluster.master_of(BUSY) is target


async def longer_than(redis: Redis, length: int) -> bool:
    return await redis.xlen(BUSY) > length


async def test_whoever_observes_a_stopped_primary_is_told(single: Node, connected: Connect) -> None:
    redis = await connected(
        REDIS_URL=f"redis://{single.address}", REDIS_PASSWORD=PASSWORD, REDIS_TIMEOUT_MS=FROZEN_MS
    )
    watched = observe(redis, ["probe"])
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(anything_from(watched))
        await until(lambda: is_subscribed(single))
        single.freeze()
        try:
            assert await waiting == "Redis is not available: nothing is heard from it any more"
        finally:
            single.thaw()


async def anything_from(watched: AsyncIterator[dict[str, Any]]) -> str:
    """The event, or why there will be none."""
    try:
        return str(await anext(watched))
    except StoreUnavailable as error:
        return str(error)


async def is_subscribed(node: Node) -> bool:
    return bool(node.ask("PUBSUB", "NUMSUB", "probe")[1])
