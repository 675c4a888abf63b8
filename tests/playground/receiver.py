"""A webhook of the tests: an HTTP server that keeps what it is sent and answers as it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.ports import free_port
from tests.waiting import until

Json = dict[str, Any]
Answering = Callable[[Json], Awaitable[web.Response]]


async def accept(_update: Json) -> web.Response:
    return web.Response()


class Receiver:
    """``received`` holds every update that came, also one that was refused."""

    def __init__(self) -> None:
        self.received: list[Json] = []
        self.secrets: list[str | None] = []
        self.at_once = 0
        self.most_at_once = 0
        self.answer: Answering = accept
        # It may be stopped and come back there.
        self._port = free_port()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._receive)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/hook"

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.received]

    async def until(self, holds: Callable[[], Any]) -> None:
        async def so() -> bool:
            return bool(holds())

        await until(so)

    async def _receive(self, request: web.Request) -> web.Response:
        update = await request.json()
        self.received.append(update)
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self.answer(update)
        finally:
            self.at_once -= 1


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    await receiver.start()
    try:
        yield receiver
    finally:
        await receiver.stop()
