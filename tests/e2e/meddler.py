"""A Bot API server that stands between the program and a playground, and meddles with updates."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from tests.waiting import PATIENCE

Json = dict[str, Any]
PASSED_ON = {"Content-Type"}


class Meddler:
    """Passes every call on to ``upstream``; ``deliver`` makes what the bot gets of a poll."""

    def __init__(self, upstream: str) -> None:
        self.deliver: Callable[[list[Json]], list[Json]] = lambda updates: updates
        # Every update that the playground has handed out, each once.
        self.seen: list[Json] = []
        # The method that is answered as a broken gateway does, and how often that was done.
        self.rubbish: str | None = None
        self.rubbish_answers = 0
        # Whether the token is refused, as after its owner has asked for a new one.
        self.is_revoked = False
        # The call with which that begins.
        self.revoked_at: str | None = None
        # Whether all answers are such that no client can read them.
        self.breaks_http = False
        # What time it is by Telegram's clock; None: as it is.
        self.says: datetime | None = None
        self._upstream = upstream
        self.url = ""

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        # A connection that has been idle may be ended just when it is used again.
        kept = TCPConnector(force_close=True)
        unlimited = ClientTimeout(total=None)
        async with ClientSession(connector=kept, timeout=unlimited) as self._session:
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            ready.set()
            await stop.wait()
            await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        if self.rubbish and request.path.endswith(self.rubbish):
            self.rubbish_answers += 1
            return web.Response(text="<html>Bad gateway</html>", status=502)
        if self.revoked_at and request.path.endswith(self.revoked_at):
            self.is_revoked = True
        if self.is_revoked:
            refusal = {"ok": False, "error_code": 401, "description": "Unauthorized"}
            return web.json_response(refusal, status=401)
        if self.breaks_http and request.transport is not None:
            request.transport.write(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n")
            request.transport.close()
        body = await request.read()
        headers = {name: request.headers[name] for name in PASSED_ON & set(request.headers)}
        url = f"{self._upstream}{request.path_qs}"
        async with self._session.request(request.method, url, data=body, headers=headers) as answer:
            told = await answer.json()
        if request.path.endswith("/getUpdates") and told["ok"]:
            known = {update["update_id"] for update in self.seen}
            self.seen += [update for update in told["result"] if update["update_id"] not in known]
            told["result"] = self.deliver(told["result"])
        date = {} if self.says is None else {"Date": format_datetime(self.says, usegmt=True)}
        return web.Response(
            text=json.dumps(told),
            status=answer.status,
            content_type="application/json",
            headers=date,
        )


@contextmanager
def meddling_with(upstream: str) -> Iterator[Meddler]:
    """It lives in a thread, so that a test may wait without stopping it."""
    meddler, ready = Meddler(upstream), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(meddler.serve(ready, stop),))
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield meddler
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
