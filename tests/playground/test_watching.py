"""The stream of changes and the look into the bot."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from tests.waiting import PATIENCE, until
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

from .glass import Glass, envelope

Json = dict[str, Any]


class Stream:
    """Reads server-sent events as a browser does."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> tuple[str, Any]:
        kind, data = "", ""
        async with asyncio.timeout(PATIENCE):
            while line := (await self._answer.content.readline()).decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    data += value
                elif not line.strip() and kind:
                    return kind, json.loads(data)
        raise EOFError

    async def until(self, kind: str) -> Json:
        while True:
            found, body = await self.next()
            if found == kind:
                return dict(body)


@pytest.fixture
async def stream(server: PlaygroundServer, http: aiohttp.ClientSession) -> AsyncIterator[Stream]:
    async with http.get(f"{server.url}/playground/stream") as answer:
        opened = Stream(answer)
        await opened.until("hello")
        yield opened


async def test_the_stream_tells_every_change_of_a_chat(
    stream: Stream, bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    door = InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text="Door", callback_data="door")]]
    )
    assert (await stream.until("message"))["message"]["text"] == "/start"
    await bot.send_chat_action(alma, "typing")
    assert await stream.next() == ("typing", {"chat_id": alma, "action": "typing"})
    sent = await bot.send_message(alma, "a door", reply_markup=door, disable_notification=True)
    told = await stream.until("message")
    assert (told["chat_id"], told["silent"], told["message"]["text"]) == (alma, True, "a door")
    await client.press(alma, sent.message_id, "door")
    assert (await stream.until("edited"))["message"]["pending"] == ["door"]
    query = (await bot.get_updates())[-1].callback_query
    assert query is not None
    await query.answer("It opens", show_alert=True)
    answer = await stream.until("answer")
    assert (answer["data"], answer["text"], answer["show_alert"]) == ("door", "It opens", True)
    assert (await stream.until("edited"))["message"]["pending"] == []
    await client.react(alma, sent.message_id, "🔥")
    reacted = await stream.until("edited")
    assert reacted["message"]["reactions"] == [{"user_id": alma, "emoji": "🔥"}]
    await bot.delete_message(alma, sent.message_id)
    assert await stream.next() == ("deleted", {"chat_id": alma, "message_id": sent.message_id})
    await client.block(alma)
    assert (await stream.next())[0] == "users"


async def test_without_an_inspector_the_page_is_told_that_the_bot_runs_elsewhere(
    server: PlaygroundServer, http: aiohttp.ClientSession, alma: int
) -> None:
    async with http.get(f"{server.url}/playground/bot") as answer:
        assert (await answer.json())["can_be_inspected"] is False
    for what in ("state", "events"):
        async with http.get(f"{server.url}/playground/users/{alma}/{what}") as answer:
            assert answer.status == 404
            assert "runs elsewhere" in (await answer.json())["detail"]


async def test_the_bot_can_be_looked_into(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    glass = Glass()
    first, second = (envelope(7, number, "user_interaction", "update:1") for number in (1, 2))
    glass.history = [first, second, envelope(8, 1, "user_interaction", "update:2")]
    server = PlaygroundServer(tmp_path / "playground.db", port=0, inspector=glass)
    await server.start()
    try:
        async with http.get(f"{server.url}/playground/users/7/state") as answer:
            assert (await answer.json())["sections"] == {"Profile": {"user_id": "7"}}
        async with http.get(f"{server.url}/playground/users/7/events") as answer:
            assert await answer.json() == [first, second]
        glass.is_away = True
        async with http.get(f"{server.url}/playground/users/7/state") as answer:
            assert answer.status == 503
            assert "MongoDB is not available" in (await answer.json())["detail"]
    finally:
        await server.stop()


async def test_live_events_go_on_after_an_interruption(
    tmp_path: Path, http: aiohttp.ClientSession
) -> None:
    glass = Glass()
    server = PlaygroundServer(tmp_path / "playground.db", port=0, inspector=glass)
    await server.start()
    try:
        async with http.get(f"{server.url}/playground/stream") as opened:
            stream = Stream(opened)
            await stream.until("hello")
            before, after = (envelope(7, number, "store_lost", "x") for number in (1, 2))
            glass.happen(before)
            assert await stream.next() == ("event", before)
            glass.interrupt()
            assert (await stream.next())[0] == "events_missed"
            glass.happen(after)
            assert await stream.next() == ("event", after)
    finally:
        await server.stop()


async def test_a_page_that_goes_away_is_not_served_any_longer(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    answer = await http.get(f"{server.url}/playground/stream")
    await Stream(answer).until("hello")
    assert server.open_streams == 1
    answer.close()

    async def nobody_looks() -> bool:
        return server.open_streams == 0

    await until(nobody_looks)
