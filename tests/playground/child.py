"""A playground in a process of its own, to be killed in the middle of things."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from tests.e2e.fork_server import ForkServer, console_environment
from tests.ports import free_port
from tests.waiting import PATIENCE, until

SERVE = "tests.playground.serve"


class SessionOfCalls(AiohttpSession):
    """With a connection for each: one that is kept may lead to a playground that was killed, or
    that has just hung up on who said nothing for seconds."""

    def __init__(self, url: str) -> None:
        super().__init__(api=TelegramAPIServer.from_base(url))
        self._connector_init["force_close"] = True


class Child:
    """It comes back at the address where it was killed."""

    def __init__(self, forks: ForkServer, folder: Path) -> None:
        self._forks = forks
        self._store = folder / "playground.db"
        self._lives = (folder / f"life-{n}" for n in count())
        self._pid: int | None = None
        self.url = f"http://127.0.0.1:{free_port()}"
        self.token = ""

    async def start(self) -> None:
        life = next(self._lives)
        life.mkdir()
        argv = [str(self._store), self.url.rpartition(":")[2]]
        self._pid = self._forks.start(argv, console_environment(), life, life / "kill", SERVE)
        said = life / "out"

        async def told() -> bool:
            assert self._ended(0) is None, (life / "err").read_text()
            return said.exists() and said.read_text().endswith("\n")

        await until(told)
        self.url, self.token = said.read_text().split()

    async def kill(self) -> None:
        """Of one that has ended: nothing."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            assert self._ended(PATIENCE) is not None
            self._pid = None

    async def restart(self) -> None:
        before = (self.url, self.token)
        await self.kill()
        await self.start()
        assert (self.url, self.token) == before

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[Bot]:
        async with Bot(self.token, session=SessionOfCalls(self.url)) as bot:
            yield bot

    def _ended(self, seconds: float) -> int | None:
        assert self._pid is not None
        return self._forks.exit_code(self._pid, seconds)


@contextlib.asynccontextmanager
async def running(forks: ForkServer, folder: Path) -> AsyncIterator[Child]:
    child = Child(forks, folder)
    await child.start()
    try:
        yield child
    finally:
        await child.kill()
