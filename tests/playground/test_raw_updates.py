"""Updates as nobody can send them from the page, delivered as they are."""

import json
from typing import Any

import aiohttp
import pytest
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


def nested(times: int) -> bytes:
    return b"[" * times + b"1" + b"]" * times


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "The body is no JSON."),
        (b'{"message": {"date": NaN}}', "The body is no JSON."),
        (b"[{}, [-Infinity]]", "The body is no JSON."),
        (b"1e999", "The body is no JSON."),
        (nested(501), "The body is nested more than 500 times."),
        (nested(100_000), "The body is nested more than 500 times."),
    ],
)
async def test_what_cannot_be_queued_is_refused(
    server: PlaygroundServer, http: aiohttp.ClientSession, body: bytes, why: str
) -> None:
    async with http.post(f"{server.url}/playground/updates", data=body) as answer:
        assert (answer.status, await answer.json()) == (400, {"detail": why})


async def test_the_deepest_that_is_queued_comes_to_the_bot(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    async with http.post(f"{server.url}/playground/updates", data=nested(500)) as answer:
        assert answer.status == 201
    async with http.post(f"{server.url}/bot{server.bot_token}/getUpdates") as answer:
        # The outermost list is one of updates.
        assert (await answer.json())["result"] == [json.loads(nested(499))]
