"""Webhook requests per second of the server's processor time, beside aiogram's own handler."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import psutil
from aiohttp import ClientSession

from bench.engines import Engines
from bench.figures import Figure, alternate
from bench.webhook_server import PATH, SECRET
from yabot.bot.webhook import SECRET_HEADER

ROUNDS = 5
AT_ONCE = 16
IN_EACH_LANE = 100
REQUESTS = AT_ONCE * IN_EACH_LANE

_ids = count(1)


async def webhook_figures(engines: Engines) -> list[Figure]:
    async with (
        ClientSession(headers={SECRET_HEADER: SECRET}) as session,
        _serving("aiogram", engines.folder / "bench_webhook_bare") as bare,
        _serving("ours", engines.folder / "bench_webhook") as ours,
    ):
        pairs = await alternate(_round(session, *bare), _round(session, *ours), ROUNDS)
    name = "webhook requests per second of processor time, each stored"
    return [pairs.figure(name, "/s")]


def _round(session: ClientSession, pid: int, url: str) -> Callable[[], Awaitable[float]]:
    server = psutil.Process(pid)

    async def deliver() -> None:
        for _ in range(IN_EACH_LANE):
            async with session.post(url, json=_update()) as answer:
                assert answer.status == 200

    async def measure() -> float:
        before = _seconds_used(server)
        await asyncio.gather(*(deliver() for _ in range(AT_ONCE)))
        return REQUESTS / (_seconds_used(server) - before)

    return measure


def _seconds_used(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _update() -> dict[str, object]:
    number = next(_ids)
    user = {"id": 7, "is_bot": False, "first_name": "Lucía", "language_code": "es"}
    chat = {"id": 7, "type": "private", "first_name": "Lucía"}
    message = {"message_id": number, "date": 1_790_000_000, "chat": chat, "from": user}
    return {"update_id": number, "message": message | {"text": "/story"}}


@asynccontextmanager
async def _serving(which: str, folder: Path) -> AsyncIterator[tuple[int, str]]:
    """The process id and the address of a server."""
    command = (sys.executable, "-m", "bench.webhook_server", which, str(folder))
    with (folder.with_suffix(".log")).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=log
        )
        try:
            yield process.pid, f"http://127.0.0.1:{await _port(process)}{PATH}"
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()


async def _port(process: Process) -> int:
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, "the server has ended: its log says why"
    return int(line)
