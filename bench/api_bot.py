"""The readers' bot while services ask as much as they can."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from statistics import quantiles

from bench.engines import Engines
from bench.figures import Figure, Target
from bench.running import FIRST_USER, Running, running
from bench.telegram import SECRET, TOKEN, Telegram
from yabot.embedded.ports import free_port

# Each in turn, so that nobody comes near Telegram's limit for one chat.
READERS = 60
UPDATES_PER_SECOND = 20
IN_A_ROUND = 150
ROUNDS = 3
SERVICES_CONNECTIONS = 64


async def api_bot_figures(engines: Engines) -> list[Figure]:
    """/menu from readers, twenty a second, without and with services at full load, in turn."""
    telegram, port = Telegram(), free_port()
    async with telegram.listening(port) as url:
        settings = {
            "BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": url,
            "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
            "WEBHOOK_PORT": str(port),
            "WEBHOOK_SECRET": SECRET,
        }
        async with running(engines, "bench_api_bot", users=READERS, **settings) as program:
            await _round(telegram)
            without, beside = [], []
            for _ in range(ROUNDS):
                without += await _round(telegram)
                async with _full_load(program):
                    beside += await _round(telegram)
    return [
        _figure("p50", _percentile(beside, 50), _percentile(without, 50)),
        _figure("p99", _percentile(beside, 99), _percentile(without, 99), Target("at most", 2)),
    ]


async def _round(telegram: Telegram) -> list[float]:
    loop, asked = asyncio.get_running_loop(), []
    due = loop.time()
    for user_id, _ in zip(_readers, range(IN_A_ROUND), strict=False):
        due += 1 / UPDATES_PER_SECOND
        await asyncio.sleep(max(0.0, due - loop.time()))
        asked.append(asyncio.create_task(telegram.milliseconds(user_id, "/menu")))
    return await asyncio.gather(*asked)


@asynccontextmanager
async def _full_load(program: Running) -> AsyncIterator[None]:
    """From a process of its own: GETs of a state, each connection as fast as it is answered."""
    command = (sys.executable, "-m", "bench.asking", str(program.port), str(SERVICES_CONNECTIONS))
    load = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
    assert load.stdin is not None
    load.stdin.write(program.get(f"/user/{FIRST_USER}/state"))
    load.stdin.close()
    try:
        # It takes a moment to start.
        await asyncio.sleep(1.0)
        yield
        assert load.returncode is None, "the load has ended by itself"
    finally:
        load.terminate()
        await load.wait()


def _percentile(milliseconds: list[float], percent: int) -> float:
    return quantiles(milliseconds, n=100)[percent - 1]


def _figure(name: str, beside: float, without: float, *targets: Target) -> Figure:
    about = f"an update until its answer, services at full load, {name} (baseline: none)"
    return Figure(about, "ms", beside, without, beside / without, targets)


_readers = cycle(range(FIRST_USER, FIRST_USER + READERS))
