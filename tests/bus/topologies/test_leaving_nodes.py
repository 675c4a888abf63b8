"""Nodes that leave a Cluster, and clients that are not needed any more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bus.topologies.redis_places import Connect, Place
from tests.waiting import until
from yabot.bus.topologies.cluster import ClusterClient


@contextmanager
def called(name: str, place: Place) -> Iterator[None]:
    """All nodes tell that name instead of their address."""
    _tell(
        place, ("cluster-announce-hostname", name), ("cluster-preferred-endpoint-type", "hostname")
    )
    try:
        yield
    finally:
        _tell(place, ("cluster-announce-hostname", ""), ("cluster-preferred-endpoint-type", "ip"))


def _tell(place: Place, *settings: tuple[str, str]) -> None:
    for node in place.nodes:
        for setting in settings:
            node.ask("CONFIG", "SET", *setting)


async def is_known(place: Place, name: str) -> bool:
    """Each node knows it of every other."""
    slots = [each for node in place.nodes for each in node.ask("CLUSTER", "SLOTS")]
    return {holder[0] for _, _, *holders in slots for holder in holders} == {name}


@pytest.mark.parametrize("place", ["cluster"], indirect=True)
async def test_those_that_leave_at_once_are_forgotten_by_whoever_is_first(
    place: Place, connected: Connect
) -> None:
    redis = await connected(**place.environment)
    assert isinstance(redis, ClusterClient)
    # The second one asks all those that the first has told of.
    addresses = (await redis.layout()).nodes
    assert (await redis.layout()).nodes == addresses
    with called("localhost", place):
        await until(lambda: is_known(place, "localhost"))
        layouts = await asyncio.gather(*(redis.layout() for _ in range(3)))
        assert not any(each.nodes & addresses for each in layouts)
    await until(lambda: is_known(place, "127.0.0.1"))
