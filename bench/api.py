"""The API beside the least that an API can do, and the bot beside the API."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.asking import Answers, ask, request
from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.running import FIRST_USER, Running, process, running, until_answered
from yabot.embedded.ports import free_port

ROUNDS = 5
REQUESTS = 1_000
# perf.3, and what is asked of 32 connections.
WITHIN = {1: 200.0, 32: 25.0, 256: 200.0}
STATE = f"/user/{FIRST_USER}/state"


async def api_figures(engines: Engines) -> list[Figure]:
    """A warm GET of a user's state: with its token, its checks, its limits and metrics."""
    async with running(engines, "bench_api") as program, bare_api(engines, program) as bare_port:
        bare_request = request("GET", STATE)

        async def bare(connections: int = 32) -> Answers:
            return (await ask(bare_port, bare_request, connections, REQUESTS)).require(200)

        async def ours(connections: int = 32) -> Answers:
            return (await ask(program.port, program.get(STATE), connections, REQUESTS)).require(200)

        async def bare_rate() -> float:
            return (await bare()).per_second

        async def our_rate() -> float:
            return (await ours()).per_second

        pairs = await alternate(bare_rate, our_rate, ROUNDS)
        figures = [pairs.figure("GET state, 32 connections", "/s", Target("at least", 0.7))]
        for connections, limit in WITHIN.items():
            beside, told = await bare(connections), await ours(connections)
            name = f"GET state, {connections} connections"
            figures += [
                _figure(f"{name}, p50", told.p50, beside.p50),
                _figure(f"{name}, p99", told.p99, beside.p99, limit),
            ]
    return figures


def _figure(name: str, ours: float, baseline: float, limit: float | None = None) -> Figure:
    targets = () if limit is None else (Target("at most", limit, absolute=True),)
    return Figure(name, "ms", ours, baseline, ours / baseline, targets)


@asynccontextmanager
async def bare_api(engines: Engines, program: Running) -> AsyncIterator[int]:
    """The port of a bare route that reads the same document."""
    port = free_port()
    folder = engines.folder / f"{program.database}_bare"
    folder.mkdir()
    arguments = (str(port), engines.mongodb_uri, program.database)
    async with process(folder, sys.executable, "-m", "bench.api_bare", *arguments) as server:
        await until_answered(f"http://127.0.0.1:{port}{STATE}", server)
        yield port
