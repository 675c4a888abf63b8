"""A program whose Telegram can be made to bring anything, by polling and by webhook."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiogram import Bot
from redis import Redis

from tests.bot.webhook.listener import SECRET
from tests.e2e.fork_server import ForkServer
from tests.e2e.program import Program
from tests.e2e.programs import bot_token
from tests.ports import free_port
from tests.waiting import wait_until
from yabot.bot.telegram import connect_bot
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]
DOORS = ["polling", "webhook"]


@dataclass(frozen=True)
class House:
    door: str
    telegram: Program
    program: Program
    # Who looks after the bot, and has begun to talk to it.
    admin: int

    @property
    def url(self) -> str:
        """The playground's."""
        return self.telegram.url

    @asynccontextmanager
    async def other_hand(self) -> AsyncIterator[Bot]:
        """Another program with the same token."""
        bot = connect_bot(self.program.settings["BOT_TOKEN"], self.url)
        try:
            yield bot
        finally:
            await bot.session.close()

    def component(self, name: str) -> str:
        """Its status in the program's health."""
        _, body = self.program.health("ready")
        return str(body.get("components", {}).get(name, {}).get("status"))

    def metric(self, name: str) -> float:
        """``name`` with its labels; zero as long as it has not been counted."""
        lines = self.program.metrics().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))

    def state_of(self, update_ids: list[int]) -> dict[int, str]:
        places = ", ".join("?" * len(update_ids))
        query = f"SELECT update_id, state FROM updates WHERE update_id IN ({places})"
        rows = self.program.stores.rows(query, *update_ids)
        return {row["update_id"]: row["state"] for row in rows}


@contextmanager
def housed(
    door: str, forks: ForkServer, folder: Path, mongodb_uri: str, redis_url: str, **more: str
) -> Iterator[House]:
    """It runs, and its administrator is known to it."""
    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    telegram = Program(forks, _made(folder / "telegram"), "playground")
    program = Program(forks, _made(folder / "yabot"))
    try:
        telegram.launch()
        wait_until(lambda: "BOT_TOKEN" in telegram.said)
        admin = asyncio.run(_new_admin(telegram.url))
        program.settings |= {
            "BOT_TOKEN": bot_token(telegram),
            "TELEGRAM_API_URL": telegram.url,
            "MONGODB_URI": mongodb_uri,
            "MONGODB_DATABASE": f"test_{uuid4().hex}",
            "REDIS_URL": redis_url,
            "ADMIN_USER_IDS": str(admin),
            "WEBHOOK_CHECK_SECONDS": "1",
            **(webhook_settings() if door == "webhook" else {}),
            **more,
        }
        program.start()
        yield House(door, telegram, program, admin)
        program.stores.mongodb.client.drop_database(program.stores.mongodb)
    finally:
        program.end()
        telegram.end()


def webhook_settings() -> dict[str, str]:
    port = str(free_port())
    return {
        "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
        "WEBHOOK_PORT": port,
        "WEBHOOK_SECRET": SECRET,
    }


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def _new_admin(url: str) -> int:
    async with PlaygroundClient(url) as client:
        admin = await client.add_user("Adela")
        await client.send(admin, "/start")
        return admin
