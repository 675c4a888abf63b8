"""Telegram as far as a bot with a webhook needs it: it delivers, and notes when it is answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter
from typing import Any

from aiohttp import ClientSession, web

from yabot.bot.webhook import SECRET_HEADER

# In the form that a token has; nobody checks it.
TOKEN = "4242424242:" + "A" * 35
SECRET = "the-secret-of-the-benchmark-is-long"
ME = {"id": 4242424242, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
PATIENCE = 60.0

_numbers = count(1)


class Telegram:
    def __init__(self) -> None:
        self._webhook: dict[str, Any] = {"url": ""}
        self._awaited: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def listening(self, webhook_port: int) -> AsyncIterator[str]:
        """At the address that it gives; it delivers to that port."""
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._deliver_to = f"http://127.0.0.1:{webhook_port}/telegram"
        async with ClientSession(headers={SECRET_HEADER: SECRET}) as self._session:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        await runner.cleanup()

    async def milliseconds(self, user_id: int, text: str) -> float:
        """From the delivery of what the reader says until the bot's answer is here."""
        answered = self._awaited[user_id] = asyncio.get_running_loop().create_future()
        started = perf_counter()
        async with self._session.post(self._deliver_to, json=_update(user_id, text)) as taken:
            assert taken.status == 200, taken.status
        async with asyncio.timeout(PATIENCE):
            await answered
        return (perf_counter() - started) * 1000

    async def _answer(self, request: web.Request) -> web.Response:
        given = dict(await request.post())
        match request.match_info["method"]:
            case "getMe":
                return _result(ME)
            case "setWebhook":
                updates = json.loads(str(given["allowed_updates"]))
                self._webhook = {"url": given["url"], "allowed_updates": updates}
            case "getWebhookInfo":
                usual = {"has_custom_certificate": False, "pending_update_count": 0}
                return _result(usual | self._webhook)
            case "getStarTransactions":
                return _result({"transactions": []})
            case "sendMessage":
                return self._sent(int(str(given["chat_id"])), str(given["text"]))
        return _result(True)

    def _sent(self, chat_id: int, text: str) -> web.Response:
        awaited = self._awaited.pop(chat_id, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(None)
        chat = {"id": chat_id, "type": "private"}
        return _result({"message_id": next(_numbers), "date": 0, "chat": chat, "text": text})


def _result(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _update(user_id: int, text: str) -> dict[str, object]:
    user = {"id": user_id, "is_bot": False, "first_name": "Lucía", "language_code": "es"}
    chat = {"id": user_id, "type": "private", "first_name": "Lucía"}
    number = next(_numbers)
    command = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    message = {"message_id": number, "date": 1_790_000_000, "chat": chat, "from": user}
    return {"update_id": number, "message": message | {"text": text, "entities": command}}
