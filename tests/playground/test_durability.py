"""kill -9 right after the answer: whatever was answered is there after the restart."""

import asyncio
import contextlib
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from aiogram.types import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReactionTypeEmoji,
)

from tests.e2e.fork_server import ForkServer
from yabot.playground.client import PlaygroundClient

from .child import running

pytestmark = pytest.mark.slow

ALL = ["message", "callback_query", "message_reaction", "my_chat_member"]
DOOR = InlineKeyboardMarkup(
    inline_keyboard=[[InlineKeyboardButton(text="Door", callback_data="door")]]
)


async def test_nothing_that_was_answered_is_lost(forks: ForkServer, tmp_path: Path) -> None:
    async with running(forks, tmp_path) as child, PlaygroundClient(child.url) as client:
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


async def test_a_kill_in_a_burst_loses_nothing_that_was_answered(
    forks: ForkServer, tmp_path: Path
) -> None:
    async with running(forks, tmp_path) as child, PlaygroundClient(child.url) as client:
        alma = (await client.users())[0]["id"]
        answered: list[str] = []

        async def write(n: int) -> None:
            """Until there is nobody to write to."""
            with contextlib.suppress(aiohttp.ClientError):
                for times in count():
                    sent = await client.send(alma, f"message {n}.{times}")
                    answered.append(sent["text"])
                    if len(answered) == 20:
                        await child.kill()

        await asyncio.gather(*(write(n) for n in range(20)))
        await child.start()
        kept = [message["text"] for message in await client.chat(alma)]
        assert set(answered) <= set(kept)
        async with child.bot() as bot:
            updates = await bot.get_updates()
            assert [update.message and update.message.text for update in updates] == kept
