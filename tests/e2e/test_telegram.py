"""The program as an operator runs it: a token, and servers that run already."""

from collections.abc import Callable

import pytest

from tests.e2e.invariants import verify
from tests.e2e.journal import Journal
from tests.e2e.kill_points import KillPoint
from tests.e2e.meddler import Json, meddling_with
from tests.e2e.player import Player
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import buttons, readers, said_by_bot
from tests.waiting import PATIENCE, wait_until


@pytest.mark.criterion("1.1.1", "2.1.1", "5.1.1")
async def test_with_token_and_uris_it_is_the_bot(running_bot: Program, telegram: Program) -> None:
    async with readers(telegram.url, "Carmen") as (reader,):
        player = Player(running_bot.stores, reader)
        await player.begin()
        await player.to("street")
    assert running_bot.engines() == {}
    assert "Play at" not in running_bot.said
    connected = running_bot.logged("store.connected")
    assert sorted(line["store"] for line in connected) == ["MongoDB", "Redis", "SQLite"]
    assert {line["level"] for line in connected} == {"info"}
    order = [line["event"] for line in running_bot.log]
    steps = ("dispatcher.built", "yabot.started", "update.handled")
    reached = [_last(order, "store.connected"), *map(order.index, steps)]
    assert reached == sorted(reached)
    assert running_bot.stop() == 0


@pytest.mark.slow
async def test_a_start_goes_on_without_telegram_and_the_bot_is_there_when_it_is(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> None:
    """Other services are not to wait for Telegram, nor is whoever watches the start."""
    assert telegram.stop() == 0
    bot = new_program(patient=False, **bot_settings)
    bot.launch()
    bot.wait_started()
    assert bot.asked("/asyncapi.json")[0] == 200
    status, told = bot.health("ready")
    assert (status, told["components"]["telegram"]["status"]) == (503, "failed")
    assert bot.stop() == 0
    bot.launch()
    bot.wait_started()
    telegram.launch()
    bot.wait_ready()
    async with readers(telegram.url, "Elena") as (reader,):
        player = Player(bot.stores, reader)
        await player.begin()
    assert bot.stop() == 0


async def test_an_update_that_comes_five_times_and_again_later_takes_effect_once(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> None:
    with meddling_with(telegram.url) as meddler:
        meddler.deliver = lambda updates: [each for each in updates for _ in range(5)]
        bot = new_program(**{**bot_settings, "TELEGRAM_API_URL": meddler.url})
        bot.start()
        async with readers(telegram.url, "Diego") as (reader,):
            player = Player(bot.stores, reader)
            await player.begin()
            await player.to("box_office")
            chat = await reader.chat()

            assert bot.stop() == 0
            again = meddler.seen.copy()
            meddler.deliver = _first_time(again)
            bot.start()
            await reader.ask("/menu")
            player.journal.told("user_interaction")
            assert [m["message_id"] for m in await reader.chat()][: len(chat)] == [
                message["message_id"] for message in chat
            ]
            assert len(await reader.chat()) == len(chat) + 2
        query = "SELECT count(*) FROM receipts WHERE consumer = 'bot'"
        assert bot.stores.value(query) == len(meddler.seen)


async def test_what_cannot_be_read_is_said_so(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str]
) -> None:
    """The playground sends text only, so the dice is made on the way."""
    with meddling_with(telegram.url) as meddler:
        bot = new_program(**{**bot_settings, "TELEGRAM_API_URL": meddler.url})
        bot.start()
        async with readers(telegram.url, "Vera") as (reader,):
            await reader.ask("/start")
            meddler.deliver = lambda updates: [_dice(update) for update in updates]
            (said,) = await reader.ask("a dice")
            assert "Eso no lo sé leer" in said["text"]
            journal = Journal(bot.stores, reader.user_id)
            journal.turn()
            *_, completed = journal.turn()
            assert completed["payload"]["outcome"] == "rejected"
            assert completed["payload"]["error_code"] == "unsupported_message"


@pytest.mark.parametrize("method", ["getUpdates", "sendMessage"])
async def test_a_gateway_that_answers_rubbish_is_waited_out(
    new_program: NewProgram, telegram: Program, bot_settings: dict[str, str], method: str
) -> None:
    with meddling_with(telegram.url) as meddler:
        bot = new_program(**{**bot_settings, "TELEGRAM_API_URL": meddler.url})
        bot.start()
        async with readers(telegram.url, "Fina") as (reader,):
            await reader.ask("/start")
            meddler.rubbish = method
            await reader.send("/story")
            wait_until(lambda: meddler.rubbish_answers > 0)
            meddler.rubbish = None
            chat = await reader.until(lambda chat: len(said_by_bot(chat)) == 2)
            assert "c:letter:coat" in buttons(chat[-1])
            wait_until(lambda: bot.health("ready")[0] == 200)


async def test_readers_miss_nothing_while_the_bot_is_away(
    running_bot: Program, telegram: Program
) -> None:
    async with readers(telegram.url, "Elsa") as (reader,):
        await reader.ask("/start")
        assert running_bot.stop() == 0
        await reader.send("/story")
        running_bot.start()
        chat = await reader.until(lambda chat: len(said_by_bot(chat)) == 2)
        assert "c:letter:coat" in buttons(chat[-1])


async def test_who_comes_back_while_being_forgotten_is_greeted(
    running_bot: Program, telegram: Program
) -> None:
    """The /start is stored when the deletion is committed, and not yet handled at the kill."""
    async with readers(telegram.url, "Gema") as (reader,):
        await reader.ask("/start")
        await reader.ask("/forget")
        assert running_bot.stop() == 0
        await reader.touch("forget:yes")
        await reader.send("/start")
        running_bot.launch(KillPoint("log", "unit.committed"))
        assert running_bot.exit_code(PATIENCE) == -9
        running_bot.start()
        await reader.until(lambda chat: "Hola, Gema." in chat[-1]["text"])
        verify(running_bot.stores)
        registered = "SELECT first_name FROM user_profiles WHERE user_id = ?"
        assert running_bot.stores.value(registered, str(reader.user_id)) == "Gema"


def _first_time(updates: list[Json]) -> Callable[[list[Json]], list[Json]]:
    """The next poll brings these before its own; the one after that does not."""

    def deliver(fresh: list[Json]) -> list[Json]:
        brought = [*updates, *fresh]
        updates.clear()
        return brought

    return deliver


def _dice(update: Json) -> Json:
    message = {name: part for name, part in update["message"].items() if name != "text"}
    return {**update, "message": {**message, "dice": {"emoji": "🎲", "value": 3}}}


def _last(events: list[str], event: str) -> int:
    return max(place for place, found in enumerate(events) if found == event)
