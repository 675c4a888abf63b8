"""kill -9 right after the answer: whatever was answered is there after the restart."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReactionTypeEmoji,
)

from yabot.playground.client import PlaygroundClient

ALL = ["message", "callback_query", "message_reaction", "my_chat_member"]
SERVE = Path(__file__).parent / "serve.py"
DOOR = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Door", callback_data="door")]]
)


class Child:
    """A playground that can be killed and started again at its address."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self.url = "http://127.0.0.1:0"
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


async def test_nothing_that_was_answered_is_lost(tmp_path: Path) -> None:
    async with running(tmp_path / "playground.db") as child, PlaygroundClient(child.url) as client:
        alma = (await client.users())[0]["id"]
        bruno = await client.add_user("Bruno")
        await client.send(alma, "/start")
        await client.send(bruno, "/start")
        async with child.bot() as bot:
            first, second = await bot.get_updates(allowed_updates=ALL)
            await bot.get_updates(second.update_id)
            sent = await bot.send_message(alma, "a door", reply_markup=DOOR)
            await client.press(alma, sent.message_id, "door")
            query = (await bot.get_updates())[-1].callback_query
            assert query is not None
            await bot.answer_callback_query(query.id)
            await bot.edit_message_text(
                "it opens", chat_id=alma, message_id=sent.message_id, reply_markup=DOOR
            )
            await bot.set_message_reaction(alma, 1, [ReactionTypeEmoji(emoji="👍")])
            await bot.set_my_commands([BotCommand(command="story", description="Read")])
            await client.react(alma, sent.message_id, "❤")
            await client.block(bruno)
            await client.press(alma, sent.message_id, "door")

            await child.restart()

            waiting = await bot.get_updates()
            assert first.update_id not in [update.update_id for update in waiting]
            assert [update.event_type for update in waiting] == [
                "message",
                "callback_query",
                "message_reaction",
                "my_chat_member",
                "callback_query",
            ]
            start, door = await client.chat(alma)
            assert start["reactions"] == [{"user_id": bot.id, "emoji": "👍"}]
            assert (door["text"], door["pending"]) == ("it opens", ["door"])
            assert door["reactions"] == [{"user_id": alma, "emoji": "❤"}]
            assert [command.command for command in await bot.get_my_commands()] == ["story"]
            blocked = {user["id"]: user["has_blocked"] for user in await client.users()}
            assert blocked == {alma: False, bruno: True}
            query = waiting[-1].callback_query
            assert query is not None
            assert await bot.answer_callback_query(query.id)
            again = await bot.send_message(alma, "next")
            assert again.message_id == sent.message_id + 1


async def test_a_kill_in_a_burst_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    async with running(tmp_path / "playground.db") as child, PlaygroundClient(child.url) as client:
        alma = (await client.users())[0]["id"]
        answered: list[str] = []

        async def write(n: int) -> None:
            sent = await client.send(alma, f"message {n}")
            answered.append(sent["text"])
            if len(answered) == 20:
                await child.kill()

        outcomes = await asyncio.gather(*(write(n) for n in range(60)), return_exceptions=True)
        assert any(isinstance(outcome, aiohttp.ClientError) for outcome in outcomes)
        await child.start()
        kept = [message["text"] for message in await client.chat(alma)]
        assert set(answered) <= set(kept)
        async with child.bot() as bot:
            updates = await bot.get_updates()
            assert [update.message and update.message.text for update in updates] == kept
