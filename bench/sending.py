"""How much of Telegram's limit the sender uses: messages a second, of the thirty allowed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from aiogram.methods import SendMessage
from aiohttp import web

from bench.engines import Engines
from bench.figures import Figure, Target
from bench.program import prepared_program
from yabot.app.assembly import build_failed_messages
from yabot.app.features import FEATURES
from yabot.bot.limits import BOT_PER_SECOND, SendLimits
from yabot.bot.outgoing import to_message
from yabot.bot.sender import Sender
from yabot.bot.telegram import connect_bot
from yabot.log.unit_of_work import Cause, UnitOfWork

SECONDS = 10
MESSAGES = SECONDS * BOT_PER_SECOND + 1
TOKEN = "42:a-token-that-nobody-checks"


class Telegram:
    """Takes every message, and notes when."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.moments.append(perf_counter())
        given = await request.post()
        chat = {"id": int(str(given["chat_id"])), "type": "private"}
        sent = {"message_id": len(self.moments), "date": 0, "chat": chat, "text": given["text"]}
        return web.json_response({"ok": True, "result": sent})


async def sending_figures(engines: Engines) -> list[Figure]:
    async with (
        _listening(telegram := Telegram()) as url,
        prepared_program(engines, "bench_sending") as program,
    ):
        bot = connect_bot(TOKEN, url)
        endings = build_failed_messages(FEATURES, program.services)
        sender = Sender(
            program.stores.database, bot, program.assignment, SendLimits(), _nobody_blocks, endings
        )
        program.services.commits.followers.append(sender.notice)
        await program.services.commits.decide(Cause("bench", "many", "many"), _to_many_chats)
        await sender.lanes.drain(10 * SECONDS)
        await bot.session.close()
    first, *_, last = telegram.moments
    reached = (len(telegram.moments) - 1) / (last - first)
    limit = float(BOT_PER_SECOND)
    name = f"messages sent, of the {BOT_PER_SECOND} that are allowed"
    return [Figure(name, "/s", reached, limit, reached / limit, (Target("at least", 0.95),))]


async def _to_many_chats(work: UnitOfWork) -> None:
    for chat_id in range(1, MESSAGES + 1):
        work.send(to_message(SendMessage(chat_id=chat_id, text="A notice."), chat_id))


async def _nobody_blocks(_chat_id: int) -> None:
    """Telegram refuses nothing here."""


@asynccontextmanager
async def _listening(telegram: Telegram) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/bot{token}/sendMessage", telegram.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
