"""A process of its own that takes webhook requests, so that its processor time can be told.

`python -m bench.webhook_server ours FOLDER` stores each update before it answers 200;
`… aiogram FOLDER` is aiogram's SimpleRequestHandler with a handler that stores nothing.
It prints its port, and ends with its standard input.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aiogram import Bot, Dispatcher, Router
from aiogram.types import Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from yabot.app.features import FEATURES
from yabot.app.stores import connect_database, open_database
from yabot.bot.intake import Intake
from yabot.bot.reading import Received
from yabot.bot.webhook import WebhookHandler
from yabot.observability.logging import configure_logging
from yabot.runtime.event_loop import new_event_loop
from yabot.runtime.http import HttpServer
from yabot.settings import ConfigManager

PATH = "/telegram"
SECRET = "the-secret-of-the-benchmark"
TOKEN = "42:a-token-that-nobody-checks"


async def serve_ours(folder: Path) -> None:
    settings = ConfigManager({"YABOT_DATA_DIR": str(folder)}, env_file=None).load()
    configure_logging(settings.logging, ())
    database = open_database(settings)
    await connect_database(database, settings, FEATURES)
    bot = Bot(TOKEN)
    intake = Intake(database, bot.id, settings.bus_partitions)

    async def receive(updates: Sequence[Received]) -> None:
        await intake.store(updates)

    app = WebhookHandler(bot, PATH, SECRET, receive, settings.bus_partitions).app()
    server = HttpServer(app, "127.0.0.1", 0, variable="WEBHOOK_PORT")
    await server.start()
    await _until_told(int(server.url.rpartition(":")[2]))
    await server.stop()
    await database.close()


async def serve_aiogram(_folder: Path) -> None:
    async def handle(_message: Message) -> None:
        """The least that a handler can do."""

    router = Router()
    router.message.register(handle)
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.include_router(router)
    app = web.Application()
    SimpleRequestHandler(dispatcher, Bot(TOKEN), secret_token=SECRET).register(app, path=PATH)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await _until_told(runner.addresses[0][1])
    await runner.cleanup()


async def _until_told(port: int) -> None:
    print(port, flush=True)
    await asyncio.to_thread(os.read, 0, 1)


SERVERS = {"ours": serve_ours, "aiogram": serve_aiogram}

if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(SERVERS[sys.argv[1]](Path(sys.argv[2])))
