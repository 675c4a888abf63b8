"""A playground in a process of its own, to be killed in the middle of things."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.ports import free_port

SERVE = Path(__file__).parent / "serve.py"


class Child:
    """It comes back at the address where it was killed."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = ""

    async def start(self) -> None:
        port = self.url.rpartition(":")[2]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, str(SERVE), str(self._store), port, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        self.url, self.token = line.decode().split()

    async def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        await self._process.wait()

    async def restart(self) -> None:
        before = (self.url, self.token)
        await self.kill()
        await self.start()
        assert (self.url, self.token) == before

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[Bot]:
        session = AiohttpSession(api=TelegramAPIServer.from_base(self.url))
        async with Bot(self.token, session=session) as bot:
            yield bot


@contextlib.asynccontextmanager
async def running(store: Path) -> AsyncIterator[Child]:
    child = Child(store)
    await child.start()
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            await child.kill()
