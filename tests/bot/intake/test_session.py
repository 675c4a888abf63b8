"""What comes back from the Bot API, and what is made of it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramServerError,
)
from aiogram.types import User
from aiohttp import web

from tests.bot.sender.recorder import TOKEN
from tests.waiting import PATIENCE, until
from yabot.bot.identity import Identity
from yabot.bot.session import AnswerUnreadable, OutcomeUnknown
from yabot.bot.telegram import NO_TELEGRAM, connect_bot

pytestmark = pytest.mark.standard

MARK = "confided-to-nobody"
ME = {"id": 42, "is_bot": True, "first_name": "YABOT"}


class Gateway:
    """Answers whatever it was told to, byte for byte."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.hangs_up = False

    async def answer(self, request: web.Request) -> web.Response:
        await request.post()
        if self.hangs_up and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self.status, body=self.body)


@pytest.fixture
async def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def bot(gateway: Gateway) -> AsyncIterator[Bot]:
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", gateway.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot = connect_bot(TOKEN, f"http://127.0.0.1:{runner.addresses[0][1]}")
    yield bot
    await bot.session.close()
    await runner.cleanup()


def ok(result: Any) -> bytes:
    return json.dumps({"ok": True, "result": result}).encode()


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (200, b"<html>" + MARK.encode(), AnswerUnreadable),
        (200, b"", AnswerUnreadable),
        (200, json.dumps({"result": MARK}).encode(), AnswerUnreadable),
        (200, b"[" * 100_000, AnswerUnreadable),
        (502, b"<html>" + MARK.encode(), AnswerUnreadable),
        (404, b"\xff\xfe" + MARK.encode(), AnswerUnreadable),
        (200, ok({"first_name": MARK}), AnswerUnreadable),
        (200, ok([MARK]), AnswerUnreadable),
        (429, b'{"ok": false}', TelegramServerError),
        (429, b'{"ok": false, "parameters": {"retry_after": "soon"}}', TelegramServerError),
        (500, b'{"ok": false, "description": ["restart"]}', TelegramServerError),
        (
            400,
            b'{"ok": false, "description": "no", "parameters": 7}',
            TelegramBadRequest,
        ),
    ],
)
async def test_what_is_no_answer_says_so_and_tells_nothing(
    gateway: Gateway, bot: Bot, status: int, body: bytes, raised: type[TelegramAPIError]
) -> None:
    gateway.status, gateway.body = status, body
    with pytest.raises(TelegramAPIError) as told:
        await bot.get_me()
    assert type(told.value) is raised
    assert MARK not in f"{told.value!r} {told.value.__cause__!r}"


@pytest.mark.parametrize("body", [b"<html>" + MARK.encode(), b"", b"[" * 100_000])
async def test_what_was_taken_by_something_else_may_be_done(
    gateway: Gateway, bot: Bot, body: bytes
) -> None:
    gateway.body = body
    with pytest.raises(OutcomeUnknown):
        await bot.send_message(7, "one")


@pytest.mark.parametrize("more", [{}, {"username": ["Yabot"]}, {"username": "yabot"}])
async def test_a_bot_knows_itself_though_more_is_told_of_it_than_can_be_read(
    gateway: Gateway, bot: Bot, more: dict[str, Any]
) -> None:
    gateway.body = ok({"id": 42, "is_bot": "of tomorrow", "first_name": {}} | more)
    identity = Identity(bot)
    await identity.start(PATIENCE)
    me = identity.require()
    assert (me.id, me.username) == (42, "yabot" if more.get("username") == "yabot" else None)
    gateway.body = b""
    assert await bot.me() == me


async def test_what_is_no_telegram_is_named_and_waited_for(gateway: Gateway, bot: Bot) -> None:
    gateway.body = b"<html>" + MARK.encode()
    heard: list[str | None] = []
    identity = Identity(bot, heard.append)
    starting = asyncio.create_task(identity.start(PATIENCE))

    async def is_told() -> bool:
        return bool(heard)

    await until(is_told)
    assert heard[0] == NO_TELEGRAM
    gateway.body = ok(ME)
    await starting
    assert identity.require().id == 42


async def test_one_spoilt_letter_hides_nothing(gateway: Gateway, bot: Bot) -> None:
    gateway.body = ok(ME).replace(b"YABOT", b"\xff")
    me: User = await bot.get_me()
    assert me.id == 42


async def test_done_is_done_whatever_the_status(gateway: Gateway, bot: Bot) -> None:
    gateway.status, gateway.body = 500, ok(ME)
    assert (await bot.get_me()).id == 42


async def test_a_connection_that_ends_leaves_the_outcome_unknown(
    gateway: Gateway, bot: Bot
) -> None:
    gateway.hangs_up = True
    with pytest.raises(OutcomeUnknown):
        await bot.send_message(7, "one")


async def test_what_never_left_is_known_not_to_be_done() -> None:
    bot = connect_bot(TOKEN, "http://127.0.0.1:9")
    with pytest.raises(TelegramNetworkError) as told:
        await bot.send_message(7, "one")
    assert not isinstance(told.value, OutcomeUnknown)
    await bot.session.close()


@pytest.mark.standard
async def test_what_found_no_connection_in_time_is_known_not_to_be_done() -> None:
    """Nobody refuses, and nobody answers: as with a network that swallows everything."""
    with ExitStack() as stack:
        full = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        bot = connect_bot(TOKEN, f"http://127.0.0.1:{full.getsockname()[1]}")
        with pytest.raises(TelegramNetworkError) as told:
            await bot.send_message(7, "one", request_timeout=1)
        assert not isinstance(told.value, OutcomeUnknown)
        await bot.session.close()
