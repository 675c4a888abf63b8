"""A Bot API server that writes down what it is asked, and when, and answers by a script."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from time import monotonic
from typing import Any

from aiohttp import web

from tests.waiting import PATIENCE

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    method: str
    chat_id: int
    text: str
    at: float  # seconds, on the server's monotonic clock


@dataclass(frozen=True)
class Refusal:
    """How a call is refused; status 0 drops the connection without a word."""

    status: int
    description: str = "no"
    retry_after: int | None = None
    migrate_to: int | None = None

    def as_json(self) -> Json:
        hints = {"retry_after": self.retry_after, "migrate_to_chat_id": self.migrate_to}
        return {
            "ok": False,
            "error_code": self.status,
            "description": self.description,
            "parameters": {name: value for name, value in hints.items() if value is not None},
        }


DROPPED = Refusal(0)
Script = Callable[[Call], Refusal | None]


class Recorder:
    """``calls`` holds every call, ``taken`` those that were answered well.

    Chat actions are in ``actions`` alone: a bot on a busy machine has more of them.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.taken: list[Call] = []
        self.actions: list[Call] = []
        self.script: Script = lambda _call: None
        # What is answered to a method instead of the usual.
        self.results: dict[str, Any] = {}
        # By method, those of its last call.
        self.parameters: dict[str, Json] = {}
        # What time it is by its clock; None: as it is.
        self.says: datetime | None = None
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - what it waits for is the sender's
                await asyncio.sleep(0.01)

    async def _answer(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        given = {name: _plain(value) for name, value in (await request.post()).items()}
        self.parameters[method] = given
        chat_id = int(str(given.get("chat_id", 0)))
        call = Call(method, chat_id, str(given.get("text", "")), monotonic())
        if method == "sendChatAction":
            self.actions.append(call)
            return web.json_response({"ok": True, "result": True})
        self.calls.append(call)
        refusal = self.script(call)
        if refusal is None:
            self.taken.append(call)
            date = {} if self.says is None else {"Date": format_datetime(self.says, usegmt=True)}
            return web.json_response({"ok": True, "result": self._result(call)}, headers=date)
        if refusal.status == 0 and request.transport is not None:
            request.transport.abort()
        return web.Response(
            text=json.dumps(refusal.as_json()),
            status=refusal.status or 500,
            content_type="application/json",
        )

    def _result(self, call: Call) -> Any:
        if call.method in self.results:
            return self.results[call.method]
        if not call.method.startswith("send"):
            return True
        chat = {"id": call.chat_id, "type": "private"}
        return {"message_id": len(self.taken), "date": 0, "chat": chat, "text": call.text}


def _plain(value: str | bytes | bytearray | web.FileField) -> Any:
    return value.file.read() if isinstance(value, web.FileField) else value


@asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    recorder = Recorder()
    runner = await recorder.start()
    try:
        yield recorder
    finally:
        await runner.cleanup()
