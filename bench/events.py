"""How fast events take effect, beside FastStream that consumes and acknowledges the same ones."""

from typing import Any

from bench import peer_faststream
from bench.engines import Engines
from bench.figures import Figure, Pairs, Target, alternate
from bench.logged import new_rows
from bench.peer_faststream import Effect, consume_rate, do_nothing
from bench.subscribing import Bus, opened_bus, subscribed
from yabot.subscriber import Subscriber

ROUNDS = 5


async def event_figures(engines: Engines) -> list[Figure]:
    async with opened_bus(engines, "bench_events") as bus:
        with peer_faststream.inserting(engines.folder / "bench_events_peer.db") as insert:
            peer = Peer(engines.redis_url, insert, 2_000)
            inserting = await _beside(peer, bus, bus.inserting(), 10_000)
        peer = Peer(engines.redis_url, do_nothing, 5_000)
        idle = await _beside(peer, bus, bus.doing_nothing(), 30_000)
    return [
        inserting.figure("events that insert a row", "events/s", Target("at least", 5)),
        idle.figure("events that change nothing", "events/s", Target("at least", 8)),
    ]


class Peer:
    """FastStream with one of its handlers, and as many events as it can handle in a while."""

    def __init__(self, redis_url: str, effect: Effect, events: int) -> None:
        self._redis_url = redis_url
        self._effect = effect
        self._events = events

    async def rate(self, partitions: int) -> float:
        rows = new_rows(self._events, partitions)
        return await consume_rate(self._redis_url, [row["envelope"] for row in rows], self._effect)


async def _beside(peer: Peer, bus: Bus, subscriber: Subscriber[Any], events: int) -> Pairs:
    async with subscribed(bus, subscriber) as relay:
        return await alternate(
            lambda: peer.rate(bus.commits.partitions), lambda: bus.rate(relay, events), ROUNDS
        )
