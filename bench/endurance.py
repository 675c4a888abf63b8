"""Whether memory stays flat while a million events take effect: rows, each with its receipt."""

import psutil

from bench.engines import Engines
from bench.figures import Figure, Target
from bench.subscribing import Bus, opened_bus, subscribed
from yabot.bus.relay import Relay

EVENTS = 1_000_000
# What is in the log at a time.
AT_ONCE = 20_000
# By then all is loaded, and what is bounded is full.
SETTLED = 100_000


async def endurance_figures(engines: Engines) -> list[Figure]:
    async with opened_bus(engines, "bench_endurance") as bus, subscribed(bus, bus.inserting()) as r:
        before = await _memory_after(bus, r, SETTLED)
        after = await _memory_after(bus, r, EVENTS - SETTLED)
    name = f"memory after {EVENTS:,} events, beside after {SETTLED:,}"
    return [Figure(name, "MB", after, before, after / before, (Target("at most", 1.1),))]


async def _memory_after(bus: Bus, relay: Relay, events: int) -> float:
    """Of the whole process, in megabytes."""
    for _ in range(events // AT_ONCE):
        await bus.rate(relay, AT_ONCE)
    return psutil.Process().memory_info().rss / 1e6
