"""Figure 5: from the command `yabot run` to the first answer in the playground."""

import asyncio
import os
import sys
from pathlib import Path
from time import perf_counter

import aiohttp

from bench.engines import Engines
from bench.figures import Figure
from yabot.embedded.ports import free_port
from yabot.playground.client import PlaygroundClient

PATIENCE = 60.0
STOP_SECONDS = 12.0


async def start_figures(engines: Engines) -> list[Figure]:
    """First on an empty data directory, then on the same one again."""
    folder = engines.folder / "start"
    folder.mkdir()
    first = await _seconds_to_answer(folder)
    again = await _seconds_to_answer(folder)
    return [
        Figure("`yabot run` to the first answer, empty folder", "s", first),
        Figure("`yabot run` to the first answer, second start", "s", again),
    ]


async def _seconds_to_answer(folder: Path) -> float:
    port = free_port()
    started = perf_counter()
    with (folder / "out").open("ab") as out:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("yabot"),
            "run",
            cwd=folder,
            env=_environment(folder, port),
            stdout=out,
            stderr=out,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            await _greeting(f"http://127.0.0.1:{port}")
        return perf_counter() - started
    finally:
        process.terminate()
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()


async def _greeting(url: str) -> None:
    async with PlaygroundClient(url) as client:
        user_id = await _as_soon_as_it_listens(client)
        await client.send(user_id, "/start")
        await client.wait_for(
            user_id, lambda chat: any(message["from"]["is_bot"] for message in chat), PATIENCE
        )


async def _as_soon_as_it_listens(client: PlaygroundClient) -> int:
    while True:
        try:
            return await client.add_user("Lucía")
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.01)


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "YABOT_DATA_DIR": str(folder / "data"),
        "PLAYGROUND_PORT": str(port),
        "API_PORT": str(free_port()),
        "LOG_FORMAT": "json",
    }
