"""The webhook's listener on a real socket, and what it has stored."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiogram import Bot
from aiohttp import ClientSession

from tests.storage.dumps import Rows, rows_of
from yabot.bot.intake import Intake
from yabot.bot.reading import Received
from yabot.bot.tables import updates
from yabot.bot.webhook import SECRET_HEADER, WebhookHandler
from yabot.runtime.http import HttpServer
from yabot.storage.relational.database import Database

PATH = "/telegram"
SECRET = "the-right-one"
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
Body = bytes | Mapping[str, Any]


@dataclass(frozen=True)
class Listener:
    url: str
    database: Database
    session: ClientSession

    async def post(
        self,
        body: Body,
        *,
        secret: str | None = SECRET,
        path: str = PATH,
        method: str = "POST",
    ) -> int:
        """The status of the answer; a mapping is sent as JSON."""
        headers = {} if secret is None else {SECRET_HEADER: secret}
        payload = {"data": body} if isinstance(body, bytes) else {"json": body}
        async with self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **payload
        ) as answer:
            await answer.read()
            return answer.status

    async def stored(self) -> Rows:
        return await rows_of(self.database, updates)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@asynccontextmanager
async def listening(database: Database) -> AsyncIterator[Listener]:
    intake = Intake(database, bot_id=1, partitions=4)

    async def receive(received: Sequence[Received]) -> None:
        await intake.store(received)

    app = WebhookHandler(Bot(TOKEN), PATH, SECRET, receive, 4).app()
    server = HttpServer(app, "127.0.0.1", 0, variable="WEBHOOK_PORT")
    await server.start()
    try:
        async with ClientSession() as session:
            yield Listener(server.url, database, session)
    finally:
        await server.stop()


def message(update_id: int, text: str = "/start", **changes: Any) -> dict[str, Any]:
    """An update as Telegram delivers it."""
    sent = {
        "message_id": update_id,
        "date": 1_790_000_000,
        "chat": {"id": 7, "type": "private", "first_name": "Lucía"},
        "from": {"id": 7, "is_bot": False, "first_name": "Lucía", "language_code": "es"},
        "text": text,
    }
    return {"update_id": update_id, "message": sent | changes}
