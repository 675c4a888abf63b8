"""The HTTP side: every way to send parameters, Telegram's envelopes, and who is let in."""

import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import SendDice
from aiogram.types import BufferedInputFile
from aiohttp import ClientResponse

from yabot.playground.server import PlaygroundServer


@pytest.mark.parametrize("way", ["query", "urlencoded", "json", "multipart"])
async def test_parameters_come_in_every_way_that_telegram_takes(
    server: PlaygroundServer, http: aiohttp.ClientSession, alma: int, way: str
) -> None:
    url = f"{server.url}/bot{server.bot_token}/SendMessage"
    fields = {"chat_id": str(alma), "text": "ñandú", "protect_content": "true"}
    form = aiohttp.FormData(fields, default_to_multipart=way == "multipart")
    ways: dict[str, dict[str, Any]] = {
        "query": {"params": fields},
        "urlencoded": {"data": form},
        "multipart": {"data": form},
        "json": {"json": {"chat_id": alma, "text": "ñandú", "protect_content": True}},
    }
    verb = "GET" if way == "query" else "POST"
    async with http.request(verb, url, **ways[way]) as answer:
        body = await answer.json()
    assert body["ok"], body
    assert body["result"]["text"] == "ñandú"
    assert body["result"]["has_protected_content"] is True


async def test_another_token_is_unauthorized(
    server: PlaygroundServer, http: aiohttp.ClientSession, bot: Bot
) -> None:
    async with http.get(f"{server.url}/bot123:abc/getMe") as answer:
        assert answer.status == 401
        assert await answer.json() == {
            "ok": False,
            "error_code": 401,
            "description": "Unauthorized",
        }
    async with Bot("123:abc", session=bot.session) as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()


async def test_an_unknown_method_is_not_found(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{server.url}/bot{server.bot_token}/makeTea") as answer:
        assert answer.status == 404
        assert await answer.json() == {"ok": False, "error_code": 404, "description": "Not Found"}


async def test_what_is_not_built_is_said_and_never_invented(bot: Bot, alma: int) -> None:
    with pytest.raises(TelegramServerError) as refused:
        await bot(SendDice(chat_id=alma))
    assert refused.value.message == "Not Implemented: the playground does not know sendDice"
    with pytest.raises(TelegramServerError, match="does not know sendVideo"):
        await bot.send_video(alma, BufferedInputFile(b"film", "a.mp4"))
    with pytest.raises(TelegramServerError, match="reads parse_mode HTML only"):
        await bot.send_message(alma, "*x*", parse_mode="MarkdownV2")


async def test_bad_json_is_a_bad_request(
    server: PlaygroundServer, http: aiohttp.ClientSession, alma: int
) -> None:
    url = f"{server.url}/bot{server.bot_token}/sendMessage"
    headers = {"content-type": "application/json"}
    for body, description in (("{", "can't parse JSON object"), ("[]", "object expected")):
        async with http.post(url, data=body, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["description"] == f"Bad Request: {description}"
    fields = {"chat_id": str(alma), "text": "x", "reply_markup": "{"}
    async with http.post(url, data=fields) as answer:
        words = "Bad Request: can't parse reply keyboard markup JSON object"
        assert (await answer.json())["description"] == words


HUGE = 10**30
AS_JSON = {"content-type": "application/json"}
UNPARSED = "can't parse JSON object"


@pytest.mark.parametrize(
    ("method", "call", "description"),
    [
        ("sendMessage", {"chat_id": HUGE}, "chat not found"),
        ("editMessageText", {"message_id": HUGE}, "message to edit not found"),
        ("deleteMessages", {"message_ids": [HUGE]}, "message identifier must be a Number"),
        (
            "sendMessage",
            {"reply_parameters": {"message_id": "abc"}},
            'field "message_id" must be a valid Number',
        ),
        (
            "setMessageReaction",
            {"message_id": 1, "reaction": [{"type": "emoji", "emoji": {}}]},
            "REACTION_INVALID",
        ),
        ("sendMessage", {"text": "half \ud800"}, UNPARSED),
        (
            "getMyCommands",
            {"scope": {"type": {}}},
            "can't parse BotCommandScope: Unsupported type specified",
        ),
    ],
)
async def test_a_call_that_makes_no_sense_is_a_bad_request(
    server: PlaygroundServer,
    http: aiohttp.ClientSession,
    alma: int,
    method: str,
    call: dict[str, Any],
    description: str,
) -> None:
    url = f"{server.url}/bot{server.bot_token}/{method}"
    body = json.dumps({"chat_id": alma, "text": "x", **call})
    await is_bad_request(http.post(url, data=body, headers=AS_JSON), description)


async def test_a_body_that_cannot_be_read_is_a_bad_request(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    url = f"{server.url}/bot{server.bot_token}/sendMessage"
    deep = b"[" * 100_000
    await is_bad_request(http.post(url, data=deep, headers=AS_JSON), UNPARSED)
    broken = {"content-type": "multipart/form-data; boundary=x"}
    await is_bad_request(http.post(url, data=b"zzz", headers=broken), "can't parse the form")


async def is_bad_request(call: AbstractAsyncContextManager[ClientResponse], said: str) -> None:
    async with call as answer:
        assert answer.status == 400
        assert await answer.json() == {
            "ok": False,
            "error_code": 400,
            "description": f"Bad Request: {said}",
        }


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "[::1"]
)
async def test_foreign_hosts_are_refused(
    server: PlaygroundServer, http: aiohttp.ClientSession, host: str
) -> None:
    for path in ("/", "/playground/users", f"/bot{server.bot_token}/getMe"):
        async with http.get(server.url + path, headers={"Host": host}) as answer:
            assert answer.status in {400, 403}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
async def test_loopback_names_are_let_in(
    server: PlaygroundServer, http: aiohttp.ClientSession, name: str
) -> None:
    async with http.get(f"{server.url}/playground/users", headers={"Host": f"{name}:1"}) as answer:
        assert answer.status == 200


async def test_posts_from_other_pages_are_refused(
    server: PlaygroundServer, http: aiohttp.ClientSession, alma: int
) -> None:
    url = f"{server.url}/playground/users/{alma}/messages"
    port = server.url.rpartition(":")[2]
    for origin in (
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        f"https://127.0.0.1:{port}",
    ):
        async with http.post(url, json={"text": "x"}, headers={"Origin": origin}) as answer:
            assert answer.status == 403
    async with http.post(url, json={"text": "x"}, headers={"Origin": server.url}) as answer:
        assert answer.status == 201


async def test_the_page_is_served_with_a_strict_policy(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    async with http.get(server.url + "/") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/html"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert server.bot_token not in await answer.text()


async def test_a_slash_too_many_is_no_redirect(
    server: PlaygroundServer, http: aiohttp.ClientSession
) -> None:
    path = f"/bot{server.bot_token}/getMe/"
    async with http.get(server.url + path, allow_redirects=False) as answer:
        assert answer.status == 404
        assert "Location" not in answer.headers
