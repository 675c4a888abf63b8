"""A group hears the bot seldom, whoever asks how often; the bus hears of each command."""

from typing import Any

from aiogram import Dispatcher
from aiogram.filters import CommandStart
from aiogram.types import Update, User

from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.groups import ANSWERS_AT_ONCE, GroupDoor, PrivateChatsOnly
from yabot.bot.incoming import Incoming
from yabot.bot.turn import Turn
from yabot.log.unit_of_work import Cause, UnitOfWork

ME = User(id=42, is_bot=True, first_name="Book", username="our_bot")
ANA = {"id": 7, "is_bot": False, "first_name": "Ana"}


async def _nothing(*_: Any) -> None:
    """No handler is behind it."""


async def asked(groups: PrivateChatsOnly, group: int) -> Turn:
    chat = {"id": group, "type": "supergroup", "title": "Readers"}
    message = {"message_id": 1, "date": 0, "chat": chat, "from": ANA, "text": "/start spring"}
    entry = Update.model_validate({"update_id": 1, "message": message})
    turn = Turn(Incoming.of(entry, 4), UnitOfWork(Cause("bot", "1", "1")), "")
    await groups(_nothing, entry, {"turn": turn})
    return turn


async def test_so_many_answers_and_no_more_but_every_command_is_told_of() -> None:
    dispatcher = Dispatcher()
    dispatcher.message.register(_nothing, CommandStart())
    groups = PrivateChatsOnly(build_texts(FEATURES), GroupDoor(lambda: ME, dispatcher))
    turns = [await asked(groups, -100) for _ in range(ANSWERS_AT_ONCE + 3)]
    assert [len(turn.work.messages) for turn in turns] == [1] * ANSWERS_AT_ONCE + [0] * 3
    events = [event for turn in turns for event, user in turn.work.events if user == "7"]
    contexts = [(event.action, event.context) for event in events]  # type: ignore[attr-defined]
    assert contexts == [("start", {"place": "group"})] * len(turns)
    assert len((await asked(groups, -200)).work.messages) == 1
