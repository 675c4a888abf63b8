"""Updates as nobody can send them from the page, delivered as they are."""

from typing import Any

import aiohttp
from aiogram import Bot

from tests.playground.receiver import receiving
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

Json = dict[str, Any]
RAW: list[Any] = [
    {"message": {"text": "half a surrogate \ud83d"}},
    {"of_tomorrow": [1, None]},
    {"update_id": "seven"},
    17,
    None,
]


def as_queued(ids: list[int]) -> list[Any]:
    return [
        {"update_id": number, **raw} if isinstance(raw, dict) else raw
        for number, raw in zip(ids, RAW, strict=True)
    ]


async def test_a_poll_brings_them(
    server: PlaygroundServer, client: PlaygroundClient, http: aiohttp.ClientSession
) -> None:
    ids = await client.deliver(*RAW)
    url = f"{server.url}/bot{server.bot_token}/getUpdates"
    async with http.post(url) as answer:
        assert (await answer.json())["result"] == as_queued(ids)
    async with http.post(url, data={"offset": ids[-1] + 1}) as answer:
        assert (await answer.json())["result"] == []


async def test_a_webhook_gets_them(bot: Bot, client: PlaygroundClient) -> None:
    async with receiving() as receiver:
        await bot.set_webhook(receiver.url)
        ids = await client.deliver(*RAW)
        await receiver.until(lambda: len(receiver.received) == len(RAW))
        assert [str(each) for each in receiver.received] == [str(each) for each in as_queued(ids)]


async def test_what_is_no_json_is_refused(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{server.url}/playground/updates", data=b"{") as answer:
        assert answer.status == 400
