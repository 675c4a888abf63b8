"""A group hears the bot seldom, whoever asks how often; the bus hears of each command."""

from typing import Any

from aiogram import Dispatcher
from aiogram.filters import CommandStart
from aiogram.types import Update, User

from tests.bot.processing.bench import at_the_bench
from tests.bot.sender.recorder import Recorder
from tests.storage.failing_writes import FailingWrites
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.groups import ANSWERS_AT_ONCE, GroupDoor, PrivateChatsOnly
from yabot.bot.incoming import Incoming
from yabot.bot.turn import Turn
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database

ME = User(id=42, is_bot=True, first_name="Book", username="our_bot")
ANA = {"id": 7, "is_bot": False, "first_name": "Ana"}


async def _nothing(*_: Any) -> None:
    """No handler is behind it."""


def command(group: int, number: int = 1) -> Incoming:
    chat = {"id": group, "type": "supergroup", "title": "Readers"}
    message = {"message_id": 1, "date": 0, "chat": chat, "from": ANA, "text": "/start spring"}
    entry = Update.model_validate({"update_id": number, "message": message})
    return Incoming.of(entry, PARTITIONS)


def guarded() -> tuple[Dispatcher, PrivateChatsOnly]:
    dispatcher = Dispatcher()
    dispatcher.message.register(_nothing, CommandStart())
    return dispatcher, PrivateChatsOnly(build_texts(FEATURES), GroupDoor(lambda: ME, dispatcher))


async def asked(groups: PrivateChatsOnly, group: int) -> Turn:
    turn = Turn(command(group), UnitOfWork(Cause("bot", "1", "1")), "")
    await groups(_nothing, turn.update, {"turn": turn})
    return turn


async def test_so_many_answers_and_no_more_but_every_command_is_told_of() -> None:
    _, groups = guarded()
    turns = [await asked(groups, -100) for _ in range(ANSWERS_AT_ONCE + 3)]
    assert [len(turn.work.messages) for turn in turns] == [1] * ANSWERS_AT_ONCE + [0] * 3
    events = [event for turn in turns for event, user in turn.work.events if user == "7"]
    contexts = [(event.action, event.context) for event in events]  # type: ignore[attr-defined]
    assert contexts == [("start", {"place": "group"})] * len(turns)
    assert len((await asked(groups, -200)).work.messages) == 1


async def test_an_answer_is_not_lost_where_its_commit_has_to_be_made_again(
    sqlite_database: Database, recorder: Recorder
) -> None:
    database = FailingWrites(sqlite_database)
    dispatcher, groups = guarded()
    dispatcher.update.outer_middleware(groups)
    async with at_the_bench(database, recorder, alone=True, dispatcher=dispatcher) as bench:
        await bench.look()
        for number in range(1, ANSWERS_AT_ONCE + 1):
            if number == ANSWERS_AT_ONCE:
                # It is stored, and its first commit fails.
                database.fail(behind=1)
            await bench.receive(command(-100, number))
            assert await bench.processor.lanes.drain(PATIENCE)
        await bench.finish()
    assert database.has_failed
    assert [call.method for call in recorder.calls].count("sendMessage") == ANSWERS_AT_ONCE
