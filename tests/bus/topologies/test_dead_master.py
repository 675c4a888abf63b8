"""A part of a Cluster that nobody takes over: the rest of the events does not wait for it."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Literal

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from labs.cluster import ClusterLab
from tests.bus.log import ALL, committed, streams, tell
from tests.bus.topologies.redis_places import FROZEN_MS, PASSWORD, Connect
from tests.storage.fixtures import PARTITIONS, new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams, stream_name
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database

USERS = {partition_of(str(user), PARTITIONS): str(user) for user in range(100)}


@pytest.fixture
def tolerant(cluster: ClusterLab) -> Iterator[ClusterLab]:
    """It serves the slots that it can, also when others have no node."""
    _require_full_coverage(cluster, "no")
    yield cluster
    cluster.mend()
    _require_full_coverage(cluster, "yes")


@pytest.mark.criterion("2.1.4", "2.1.3", "scale.2")
@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_a_dead_master_holds_up_its_own_partitions_only(
    tolerant: ClusterLab,
    connected: Connect,
    sqlite_database: Database,
    way: Literal["killed", "frozen"],
) -> None:
    where = {**tolerant.environment(), "REDIS_PASSWORD": PASSWORD}
    redis = await connected(**where, REDIS_TIMEOUT_MS=FROZEN_MS)
    commits, relay = new_commits(sqlite_database), Relay(sqlite_database, Streams(redis))
    commits.followers.append(relay.notice)
    relay.loop.start()
    master = tolerant.master_of(stream_name(0))
    others = [n for n in ALL if tolerant.master_of(stream_name(n)) is not master]
    assert others
    await tell_all(commits, "before")
    await until(lambda: have(redis, ALL, events=1))
    for node in (tolerant.replica_of(master), master):
        node.kill() if way == "killed" else node.freeze()
    for n in range(1, 4):
        await tell_all(commits, f"meanwhile {n}")
        await until(lambda n=n: have(redis, others, events=n + 1))  # type: ignore[misc]
    assert not await have(redis, ALL, events=4)
    await asyncio.to_thread(tolerant.mend)
    await until(lambda: have(redis, ALL, events=4))
    await relay.loop.finish(PATIENCE)
    assert await streams(await connected(**where)) == await committed(sqlite_database)


async def tell_all(commits: CommitLog, about: str) -> None:
    for n in ALL:
        await tell(commits, f"{about} {n}", USERS[n])


async def have(redis: Redis, partitions: Iterable[int], events: int) -> bool:
    """Whether each of the streams is there, and as long as that."""
    try:
        return {await redis.xlen(stream_name(n)) for n in partitions} == {events}
    except RedisError:
        return False


def _require_full_coverage(cluster: ClusterLab, answer: str) -> None:
    for node in cluster.nodes:
        node.ask("CONFIG", "SET", "cluster-require-full-coverage", answer)
