"""A store that is away: how late the event loop gets, and how soon all is well after its return."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from bench.engines import Engines
from bench.figures import Figure, Target
from yabot.app.application import BotApplication
from yabot.app.features import FEATURES
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import free_port
from yabot.embedded.valkey import EmbeddedValkey
from yabot.observability.logging import configure_logging
from yabot.playground.client import Messages, PlaygroundClient
from yabot.settings import ConfigManager

ROUNDS = 3
LAG_SECONDS = 5.0
# Long enough for the watch to look rarely.
AWAY = 6.0
LOOK_EVERY = 0.005
# A reader would notice that.
LATE = 100.0


@dataclass(frozen=True, slots=True)
class Running:
    """The program, in this process and its loop, on engines that can be taken away."""

    application: BotApplication
    playground_url: str
    engines: dict[str, EmbeddedEngine]

    @property
    def status(self) -> str:
        return self.application.health.status

    async def until(self, status: str) -> None:
        while self.status != status:  # noqa: ASYNC110 - health sets no event
            await asyncio.sleep(0.001)


async def outage_figures(engines: Engines) -> list[Figure]:
    figures = []
    async with _running(engines.folder / "bench_outages") as running:
        for name in running.engines:
            figures.append(await _lag(running, name))
            figures.append(await _return(running, name))
    return figures


async def _lag(running: Running, name: str) -> Figure:
    """With a reader who talks to the bot all the while; the store is stopped, not ended."""
    pid = running.engines[name].pid
    assert pid is not None
    well = await _p99_lag(running.playground_url)
    os.kill(pid, signal.SIGSTOP)
    away = await _p99_lag(running.playground_url)
    os.kill(pid, signal.SIGCONT)
    await running.until("ok")
    target = Target("at most", LATE, absolute=True)
    return Figure(
        f"event loop's lag while {name} is stopped, p99 (baseline: all is well)",
        *("ms", away, well, away / well, (target,)),
    )


async def _p99_lag(playground_url: str) -> float:
    talking = asyncio.create_task(_talk(playground_url))
    lags = []
    loop = asyncio.get_running_loop()
    end = loop.time() + LAG_SECONDS
    while (due := loop.time() + LOOK_EVERY) < end:
        await asyncio.sleep(LOOK_EVERY)
        lags.append((loop.time() - due) * 1000)
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    return quantiles(lags, n=100)[-1]


async def _talk(playground_url: str) -> None:
    async with PlaygroundClient(playground_url) as client:
        user_id = await client.add_user("Lucía")
        for messages in count(2, 2):
            await client.send(user_id, "/help")
            await client.wait_for(user_id, partial(_has, messages))


def _has(messages: int, chat: Messages) -> bool:
    """Questions and answers."""
    return len(chat) >= messages


async def _return(running: Running, name: str) -> Figure:
    """From the moment at which it serves again."""
    engine, seconds = running.engines[name], []
    for _ in range(ROUNDS):
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        await running.until("degraded")
        await asyncio.sleep(AWAY)
        await engine.stop()
        await engine.start()
        served = perf_counter()
        await running.until("ok")
        seconds.append(perf_counter() - served)
    return Figure(f"from {name}'s return to normal service, after {AWAY:g} s", "s", median(seconds))


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[Running]:
    engines: dict[str, EmbeddedEngine] = {
        "MongoDB": EmbeddedMongod(folder / "engines"),
        "Redis": EmbeddedValkey(folder / "engines"),
    }
    try:
        environ = {
            "YABOT_DATA_DIR": str(folder / "data"),
            "MONGODB_URI": await engines["MongoDB"].start(),
            "REDIS_URL": await engines["Redis"].start(),
            "PLAYGROUND_PORT": str(free_port()),
            "API_PORT": str(free_port()),
        }
        async with _serving(environ, folder) as application:
            url = f"http://127.0.0.1:{environ['PLAYGROUND_PORT']}"
            yield Running(application, url, engines)
    finally:
        for engine in engines.values():
            await engine.stop()


@asynccontextmanager
async def _serving(environ: dict[str, str], folder: Path) -> AsyncIterator[BotApplication]:
    settings = ConfigManager(environ, env_file=None).load()
    application, stop = BotApplication(settings, lambda: FEATURES), asyncio.Event()
    with (folder / "log").open("w") as log, redirect_stderr(log):
        configure_logging(settings.logging, ())
        serving = asyncio.create_task(application.serve(stop))
        while application.health.status != "ok":
            assert not serving.done(), serving.exception()
            await asyncio.sleep(0.01)
        try:
            yield application
        finally:
            stop.set()
            await serving
