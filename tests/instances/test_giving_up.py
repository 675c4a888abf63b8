"""An update over which process after process dies: its reader is told, and the next one is not."""

from aiogram.types import Update

from tests.bot.webhook.listener import message
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import readers
from yabot.bot.incoming import Incoming
from yabot.bot.intake import SUSPECT, Intake
from yabot.bot.waiting import WaitingUpdates, Window
from yabot.storage.relational.database import Database

DEADLY = KillPoint("sql", "INSERT INTO doc_changes")
DEATHS = 5


async def test_after_so_many_deaths_the_reader_hears_that_it_did_not_work(
    running_bot: Program, telegram: Program
) -> None:
    async with readers(telegram.url, "Ada") as (ada,):
        for deaths in range(DEATHS):
            if deaths:
                running_bot.launch(DEADLY)
            else:
                running_bot.arm(DEADLY)
                await ada.send("/start")
            assert running_bot.exit_code() == -9
        running_bot.start()
        _, answer = await ada.until(lambda chat: len(chat) == 2)
        assert "Algo ha salido mal" in answer["text"]
        assert len(running_bot.logged("update.given_up")) == 1
        assert running_bot.stores.value("SELECT state FROM updates") == "failed"
        assert running_bot.stores.document(ada.user_id) is None
        (welcome,) = await ada.ask("/start")
        assert "Ada" in welcome["text"]


async def test_who_stops_in_order_is_not_counted(database: Database) -> None:
    waiting = WaitingUpdates(await stored(database, 1))
    for start in range(2 * DEATHS):
        await waiting.count_attempt(range(4))
        (found,) = await waiting.find(range(4), known=())
        assert (found.attempts, found.is_suspect) == (1, False), start
        await waiting.excuse_attempt(range(4))


async def test_only_what_waits_where_somebody_died_is_counted(database: Database) -> None:
    intake = await stored(database, 1)
    waiting = WaitingUpdates(intake)
    (there,) = [n for n in range(4) if await waiting.find([n], known=())]
    elsewhere = [n for n in range(4) if n != there]
    for _ in range(SUSPECT):
        await waiting.count_attempt(elsewhere)
    (found,) = await waiting.find([there], known=())
    assert not found.is_suspect
    for _ in range(SUSPECT):
        await waiting.count_attempt([there])
    (found,) = await waiting.find([there], known=())
    assert found.is_suspect


async def test_what_others_stored_of_a_user_comes_before_what_is_stored_now(
    database: Database,
) -> None:
    intake = await stored(database, 1, 2, 4)
    await database.write(intake.finished(1, "done"))
    waiting = WaitingUpdates(intake)
    (later,) = await intake.store([update_of(3)])
    assert [found.incoming.update_id for found in await waiting.before([later])] == [2]
    assert await waiting.before([]) == []
    found = await waiting.find(range(4), known={2}, window=Window(2, of_one=2))
    assert [each.incoming.update_id for each in found] == [3]


async def stored(database: Database, *numbers: int) -> Intake:
    intake = Intake(database, bot_id=1, partitions=4)
    await intake.store([update_of(number) for number in numbers])
    return intake


def update_of(number: int) -> Incoming:
    return Incoming.of(Update.model_validate(message(number)), 4)
