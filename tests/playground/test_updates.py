"""getUpdates: offsets confirm, long polls wake, a second poll ends the first."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError

from tests.waiting import PATIENCE
from yabot.playground.bot_api.params import Params
from yabot.playground.bot_api.polling import Polling
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer
from yabot.playground.store import bot as stored_bot
from yabot.playground.store import updates
from yabot.playground.store.database import Database, Transaction


async def texts(bot: Bot, offset: int | None = None, limit: int | None = None) -> list[str]:
    updates = await bot.get_updates(offset=offset, limit=limit)
    return [update.message.text or "" for update in updates if update.message]


async def test_updates_come_again_until_an_offset_confirms_them(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    await client.send(alma, "one")
    updates = await bot.get_updates()
    assert [update.message and update.message.text for update in updates] == ["/start", "one"]
    assert updates[1].update_id == updates[0].update_id + 1
    assert await texts(bot) == ["/start", "one"]
    assert await texts(bot, offset=updates[1].update_id) == ["one"]
    assert await texts(bot) == ["one"]
    assert await texts(bot, offset=updates[1].update_id + 1) == []
    assert (await bot.get_webhook_info()).pending_update_count == 0


async def test_limit_takes_the_oldest_and_a_negative_offset_keeps_the_newest(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    for text in ("one", "two", "three"):
        await client.send(alma, text)
    assert await texts(bot, limit=2) == ["/start", "one"]
    assert await texts(bot, offset=-2) == ["two", "three"]
    assert await texts(bot) == ["two", "three"]


async def test_an_offset_from_another_store_begins_with_the_oldest(bot: Bot, alma: int) -> None:
    assert await texts(bot, offset=2_000_000_000) == ["/start"]


async def test_a_long_poll_answers_as_soon_as_something_happens(
    server: PlaygroundServer, bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    (start,) = await bot.get_updates()
    poll = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await wait_until_polled(server)
    await client.send(alma, "wake up")
    async with asyncio.timeout(PATIENCE):
        (update,) = await poll
    assert update.message is not None
    assert update.message.text == "wake up"


async def test_a_long_poll_ends_empty_after_its_timeout(bot: Bot) -> None:
    started = asyncio.get_running_loop().time()
    assert await bot.get_updates(timeout=1) == []
    assert asyncio.get_running_loop().time() - started > 0.9


async def test_a_second_long_poll_ends_the_first_with_a_conflict(
    server: PlaygroundServer, bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    (start,) = await bot.get_updates()
    first = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    await wait_until_polled(server)
    second = asyncio.create_task(bot.get_updates(offset=start.update_id + 1, timeout=30))
    with pytest.raises(TelegramConflictError) as refused:
        await first
    assert refused.value.message == (
        "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running"
    )
    await client.send(alma, "for the second")
    assert [update.message and update.message.text for update in await second] == ["for the second"]


async def test_presses_during_long_polls_are_each_delivered_once(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    markup = {"inline_keyboard": [[{"text": str(n), "callback_data": str(n)} for n in range(8)]]}
    message = await bot.send_message(alma, "press", reply_markup=markup)  # type: ignore[arg-type]
    (start,) = await bot.get_updates()

    async def poll_until(count: int) -> list[str | None]:
        pressed: list[str | None] = []
        offset = start.update_id + 1
        while len(pressed) < count:
            for update in await bot.get_updates(offset=offset, timeout=5):
                offset = update.update_id + 1
                pressed += [update.callback_query.data] if update.callback_query else []
        return pressed

    polling = asyncio.create_task(poll_until(40))
    rounds = [str(n) for _ in range(5) for n in range(8)]
    await asyncio.gather(*(client.press(alma, message.message_id, data) for data in rounds))
    async with asyncio.timeout(PATIENCE):
        assert sorted(map(str, await polling)) == sorted(rounds)


async def test_reactions_come_only_when_asked_for_and_the_choice_is_remembered(
    bot: Bot, client: PlaygroundClient, alma: int
) -> None:
    message = await bot.send_message(alma, "do you like it?")
    await client.react(alma, message.message_id, "👍")
    assert [update.event_type for update in await bot.get_updates()] == ["message"]
    await bot.get_updates(allowed_updates=["message_reaction"])
    await client.react(alma, message.message_id, "🔥")
    await client.send(alma, "not asked for")
    updates = await bot.get_updates()
    assert [update.event_type for update in updates] == ["message", "message_reaction"]
    assert (await bot.get_webhook_info()).allowed_updates == ["message_reaction"]
    await bot.get_updates(allowed_updates=[])
    await client.send(alma, "asked for again")
    assert (await bot.get_updates())[-1].event_type == "message"


def add_a_message(tx: Transaction) -> None:
    chat = {"id": 7, "type": "private", "first_name": "Alma"}
    body: dict[str, Any] = {"message_id": 1, "date": 1, "chat": chat, "text": "hello"}
    updates.add(tx, "message", body)


async def wait_until_polled(server: PlaygroundServer) -> None:
    async with asyncio.timeout(PATIENCE):
        while not server.is_polled:  # noqa: ASYNC110 the server has nothing to tell it with
            await asyncio.sleep(0.01)


async def test_an_update_that_comes_just_before_the_waiting_begins_is_not_overlooked(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "queue.db", lambda committed: polling.ring())
    await database.open()
    await database.run(stored_bot.create)
    polling = Polling(database)
    poll = asyncio.create_task(polling.get_updates(Params({"timeout": 30})))
    await asyncio.sleep(0)
    arrival = asyncio.create_task(database.run(add_a_message))
    await asyncio.sleep(0)
    # Both are with the store now. The loop hears of both at once: of the arrival before the poll,
    # which has found nothing yet, could begin to wait.
    time.sleep(0.2)  # noqa: ASYNC251
    async with asyncio.timeout(PATIENCE):
        assert len(await poll) == 1
        await arrival
    await database.close()
