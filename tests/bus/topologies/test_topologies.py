"""What the program does with Redis, on one server, through Sentinels, and on a Cluster."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from labs.node import Node
from tests.bus.topologies.redis_places import NEVER_MS, USER, Connect, Place
from tests.events.samples import envelope
from tests.waiting import PATIENCE, until
from yabot.api.counters import Counters
from yabot.bus.connection import ping_redis
from yabot.bus.observer import observe
from yabot.bus.streams import Streams, stream_name
from yabot.bus.topologies.cluster import ClusterClient
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.runtime.watch import Gate

pytestmark = pytest.mark.criterion("2.1.4")

PARTITIONS = range(16)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def entry(pos: int, partition: int) -> Entry:
    told = envelope("probe", {"pos": pos, "partition": partition})
    return Entry(partition, pos, "probe", told.model_copy(update={"timestamp": EPOCH}).to_json())


@pytest.mark.criterion("2.1.1", "sec.2")
async def test_every_partition_is_written_and_read(place: Place, connected: Connect) -> None:
    redis = await connected(**place.environment)
    await ping_redis(redis)
    streams = Streams(redis)
    for n in PARTITIONS:
        assert await streams.position(n) == 0
        assert await streams.append(n, 0, [entry(1, n), entry(2, n)]) == (2, True)
        assert await streams.position(n) == 2
    assert [await redis.xlen(stream_name(n)) for n in PARTITIONS] == [2] * 16
    # On a Cluster each node has its part of them.
    kept = [len(node.ask("KEYS", "yabot:events:*")) for node in place.primaries]
    assert sum(kept) == 16
    assert min(kept) > 0


async def test_an_append_that_does_not_fit_changes_nothing(
    place: Place, connected: Connect
) -> None:
    streams = Streams(await connected(**place.environment))
    await streams.append(3, 0, [entry(1, 3)])
    assert await streams.append(3, 0, [entry(1, 3)]) == (1, False)
    assert await streams.append(3, 5, [entry(6, 3)]) == (1, False)
    assert await streams.position(3) == 1


async def test_all_processes_count_requests_together(place: Place, connected: Connect) -> None:
    one = Counters(await connected(**place.environment), Gate("Redis"), patience=PATIENCE)
    other = Counters(await connected(**place.environment), Gate("Redis"), patience=PATIENCE)
    for n in PARTITIONS:
        await one.add(f"service {n}", 60)
        assert (await other.add(f"service {n}", 60)).used == 2


async def test_a_server_that_has_forgotten_the_script_gets_it_again(
    place: Place, connected: Connect
) -> None:
    streams = Streams(await connected(**place.environment))
    await streams.append(0, 0, [entry(1, 0)])
    for node in place.primaries:
        node.ask("SCRIPT", "FLUSH")
    for n in PARTITIONS[1:]:
        assert await streams.append(n, 0, [entry(1, n)]) == (1, True)


async def test_whoever_waits_for_an_entry_gets_it_at_once(place: Place, connected: Connect) -> None:
    redis = await connected(**place.environment)
    streams = Streams(redis)

    async def await_one(n: int) -> Any:
        return await redis.xread({stream_name(n): "0-0"}, block=NEVER_MS)

    waiting = [asyncio.create_task(await_one(n)) for n in PARTITIONS]
    for n in PARTITIONS:
        await streams.append(n, 0, [entry(1, n)])
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*waiting)
    assert all(answers)


async def test_one_wait_may_be_for_several_streams_except_on_a_cluster(
    place: Place, connected: Connect
) -> None:
    redis = await connected(**place.environment)
    await Streams(redis).append(5, 0, [entry(1, 5)])
    both = redis.xread({stream_name(4): "0-0", stream_name(5): "0-0"}, block=100)
    if isinstance(redis, ClusterClient):
        with pytest.raises(Exception, match="same slot"):
            await both
    else:
        assert len(await both) == 1


async def test_whoever_observes_hears_every_partition(place: Place, connected: Connect) -> None:
    redis = await connected(**place.environment)
    heard: list[int] = []

    async def listen() -> None:
        async for event in observe(redis, ["probe"]):
            heard.append(event["payload"]["partition"])
            if len(heard) == len(PARTITIONS):
                return

    async def tell() -> None:
        await until(lambda: is_subscribed(place))
        for n in PARTITIONS:
            await Streams(redis).append(n, 0, [entry(1, n)])

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        tasks.create_task(tell())
    assert sorted(heard) == list(PARTITIONS)


async def is_subscribed(place: Place) -> bool:
    """On a Cluster the channel is at one node, perhaps at a replica."""
    return any(node.ask("PUBSUB", "NUMSUB", "probe")[1] for node in place.nodes)


@pytest.mark.criterion("2.1.1", "scale.1")
async def test_work_beyond_the_pool_waits_for_its_turn(place: Place, connected: Connect) -> None:
    size = {"REDIS_MAX_POOL_SIZE": "3", "BUS_PARTITIONS": "1"}
    redis = await connected(**place.environment, **size)
    name = stream_name(7)
    waits = [redis.xread({name: "0-0"}, block=50) for _ in range(9)]
    assert await asyncio.gather(*waits) == [[]] * 9
    assert max(map(connections_of_the_bot, place.primaries)) == 3


def connections_of_the_bot(node: Node) -> int:
    return str(node.ask("CLIENT", "LIST", "TYPE", "normal")).count(f" user={USER} ")


async def test_a_wrong_password_is_told_and_not_shown(place: Place, connected: Connect) -> None:
    wrong = {name: value.replace("p%40ss", "wr0ng") for name, value in place.environment.items()}
    redis = await connected(**wrong)
    with pytest.raises(Exception, match=r"refuses the connection.*check REDIS_PASSWORD") as caught:
        await ping_redis(redis)
    assert "wr0ng" not in str(caught.value)
    assert not isinstance(caught.value, StoreUnavailable)
