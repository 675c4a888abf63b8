"""A Valkey to be killed and started again."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from tests.storage.fixtures import PATIENCE_MS
from yabot.bus.connection import connect
from yabot.embedded.valkey import EmbeddedValkey


@dataclass
class Server:
    """A Valkey of the test's own, at an address that stays."""

    engine: EmbeddedValkey
    url: str
    folder: Path
    redis: Redis

    async def kill(self) -> None:
        assert self.engine.pid is not None
        os.kill(self.engine.pid, signal.SIGKILL)
        await self.engine.stop()

    async def start(self) -> None:
        await self.engine.start()

    def forget_everything(self) -> None:
        for file in self.folder.rglob("appendonly.aof*"):
            file.unlink()


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[Server]:
    engine = EmbeddedValkey(folder)
    url = await engine.start()
    try:
        async with connect(url, password=None, max_pool_size=10, timeout_ms=PATIENCE_MS) as redis:
            yield Server(engine, url, folder, redis)
    finally:
        await engine.stop()
