"""Faults: what Telegram and the network can do to a bot, on demand and repeatably."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from tests.waiting import PATIENCE
from yabot.errors import InvalidInput
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

from .receiver import Receiver, receiving


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as started:
        yield started


def texts(chat: list[dict[str, Any]]) -> list[str]:
    return [message["text"] for message in chat]


async def test_a_flood_says_when_to_come_again(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.faults({"kind": "flood", "retry_after": 7, "method": "sendMessage", "count": 1})
    with pytest.raises(TelegramRetryAfter) as refused:
        await bot.send_message(alma, "one")
    assert refused.value.retry_after == 7
    await bot.send_message(alma, "two")
    assert texts(await client.chat(alma)) == ["/start", "two"]
    (fault,) = (await client.present_faults())["faults"]
    assert fault["hits"] == 1


@pytest.mark.parametrize(
    ("kind", "error", "words"),
    [
        ("server_error", TelegramServerError, "Internal Server Error"),
        ("bad_gateway", TelegramServerError, "Bad Gateway"),
        ("forbidden", TelegramForbiddenError, "Forbidden: bot was blocked by the user"),
        ("bad_request", TelegramBadRequest, "Bad Request: a fault of the playground refuses"),
        ("drop_before", TelegramNetworkError, "Server disconnected"),
    ],
)
async def test_a_refused_call_has_no_effect_until_the_faults_are_cleared(
    bot: Bot,
    client: PlaygroundClient,
    alma: int,
    kind: str,
    error: type[TelegramAPIError],
    words: str,
) -> None:
    await client.faults({"kind": kind})
    for _ in range(2):
        with pytest.raises(error, match=words):
            await bot.send_message(alma, "lost")
    assert [update.event_type for update in await bot.get_updates()] == ["message"]
    await client.clear_faults()
    await bot.send_message(alma, "arrived")
    assert texts(await client.chat(alma)) == ["/start", "arrived"]


async def test_a_connection_dropped_afterwards_hides_an_effect(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.faults({"kind": "drop_after", "method": "sendMessage"})
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(alma, "it is there")
    assert texts(await client.chat(alma)) == ["/start", "it is there"]


async def test_an_answer_of_tomorrow_hides_an_effect_as_well(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.faults({"kind": "undecodable"})
    with pytest.raises(ClientDecodeError):
        await bot.send_message(alma, "it is there")
    assert texts(await client.chat(alma)) == ["/start", "it is there"]


async def test_a_gateways_page_is_no_answer(bot: Bot, client: PlaygroundClient, alma: int) -> None:
    await client.faults({"kind": "rubbish", "count": 1})
    with pytest.raises(ClientDecodeError):
        await bot.send_message(alma, "lost")
    await bot.send_message(alma, "arrived")
    assert texts(await client.chat(alma)) == ["/start", "arrived"]


async def test_a_dropped_connection_shows_no_byte(
    server: PlaygroundServer, client: PlaygroundClient, http: aiohttp.ClientSession
) -> None:
    await client.faults({"kind": "drop_before"})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await http.post(f"{server.url}/bot{server.bot_token}/getMe")


async def test_a_delay_comes_before_whatever_else(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    delay = {"kind": "delay", "seconds": 0.3}
    await client.faults(delay, {"kind": "server_error", "count": 1})
    started = asyncio.get_running_loop().time()
    with pytest.raises(TelegramServerError):
        await bot.send_message(alma, "one")
    await bot.send_message(alma, "two")
    assert asyncio.get_running_loop().time() - started >= 0.6


async def test_a_late_answer_comes_after_the_effect(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.faults({"kind": "late", "seconds": 120})
    call = asyncio.create_task(bot.send_message(alma, "here already"))
    chat = await client.wait_for(alma, lambda chat: len(chat) == 2, PATIENCE)
    assert texts(chat) == ["/start", "here already"]
    assert not call.done()
    call.cancel()


async def test_only_the_named_method_and_chat_are_struck(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    bruno = await client.add_user("Bruno")
    await client.send(bruno, "/start")
    await client.faults({"kind": "forbidden", "method": "sendmessage", "chat_id": alma})
    await bot.send_message(bruno, "for Bruno")
    await bot.send_chat_action(alma, "typing")
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(alma, "for Alma")


async def test_polling_is_struck_only_by_name(bot: Bot, client: PlaygroundClient) -> None:
    await client.faults({"kind": "bad_gateway"})
    assert await bot.get_updates() == []
    await client.faults({"kind": "bad_gateway", "method": "getUpdates"})
    with pytest.raises(TelegramServerError):
        await bot.get_updates()
    assert (await bot.get_me()).id == bot.id


async def test_the_same_seed_brings_the_same_faults(bot: Bot, client: PlaygroundClient) -> None:
    async def fates(seed: int) -> str:
        await client.faults({"kind": "server_error", "probability": 0.5}, seed=seed)
        outcomes = [await _outcome(bot) for _ in range(30)]
        return "".join(outcomes)

    first = await fates(3)
    assert {"x", "."} == set(first)
    assert await fates(3) == first
    assert await fates(4) != first


async def _outcome(bot: Bot) -> str:
    try:
        await bot.get_me()
    except TelegramServerError:
        return "x"
    return "."


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "rain"},
        {"kind": "delay", "seconds": 0},
        {"kind": "flood", "probability": 2},
        {"kind": "flood", "method": "makeTea"},
        {"kind": "flood", "often": True},
    ],
)
async def test_what_is_no_fault_is_refused(client: PlaygroundClient, fault: dict[str, Any]) -> None:
    await client.faults({"kind": "flood"})
    with pytest.raises(InvalidInput, match="422"):
        await client.faults(fault)
    assert [one["kind"] for one in (await client.present_faults())["faults"]] == ["flood"]


async def test_a_delivery_is_made_twice_side_by_side(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    await client.faults({"kind": "duplicate", "count": 1})
    await bot.set_webhook(receiver.url)
    await client.send(alma, "hello")
    await receiver.until(lambda: "hello" in receiver.texts)
    assert receiver.texts == ["/start", "/start", "hello"]


async def test_deliveries_overtake_each_other(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    await client.faults({"kind": "reorder", "seconds": 0.5, "probability": 0.7}, seed=1)
    said = [f"message {n}" for n in range(12)]
    for text in said:
        await client.send(alma, text)
    await bot.set_webhook(receiver.url)
    await receiver.until(lambda: len(receiver.received) == 13)
    assert receiver.texts != ["/start", *said]
    assert sorted(receiver.texts) == sorted(["/start", *said])


async def test_updates_gather_to_a_burst(
    bot: Bot, client: PlaygroundClient, alma: int, receiver: Receiver
) -> None:
    together = asyncio.Barrier(4)

    async def wait_for_the_others(_update: Any) -> Any:
        await asyncio.wait_for(together.wait(), PATIENCE)
        return await accept_all(_update)

    accept_all = receiver.answer
    receiver.answer = wait_for_the_others
    readers = [await client.add_user(f"Reader {n}") for n in range(4)]
    await client.faults({"kind": "burst", "seconds": 1.5})
    await bot.set_webhook(receiver.url, drop_pending_updates=True)
    started = asyncio.get_running_loop().time()
    await asyncio.gather(*(client.send(reader, "hello") for reader in readers))
    await receiver.until(lambda: receiver.received)
    assert asyncio.get_running_loop().time() - started >= 1.5
    await receiver.until(lambda: len(receiver.received) == 4)
