"""What comes in from a group, and what is told to nobody."""

from typing import Any

import pytest
from aiogram import Dispatcher
from aiogram.filters import Command, CommandStart
from aiogram.types import Update, User

from yabot.bot.filters import FromOneOf
from yabot.bot.groups import GroupDoor
from yabot.bot.incoming import Incoming

ME = User(id=42, is_bot=True, first_name="Book", username="our_bot")
ANA = {"id": 7, "is_bot": False, "first_name": "Ana"}
ADMIN = {"id": 8, "is_bot": False, "first_name": "Eva"}
GROUP = {"id": -100, "type": "supergroup", "title": "Readers"}
PRIVATE = {"id": 7, "type": "private"}
Json = dict[str, Any]


@pytest.fixture
def door() -> GroupDoor:
    dispatcher = Dispatcher()
    for commands in (Command("story", "cuento"), CommandStart()):
        dispatcher.message.register(_answer, commands)
    dispatcher.message.register(_answer, Command("refund"), FromOneOf([8]))
    return GroupDoor(lambda: ME, dispatcher)


async def _answer() -> None:
    """Nothing is dispatched here."""


def written(text: str, chat: Json = GROUP, author: Json | None = None) -> Incoming:
    return _update(message=_message(author or ANA, chat, text=text))


def pressed(author: Json, chat: Json = GROUP) -> Incoming:
    query = {"id": "1", "from": ANA, "chat_instance": "1", "data": "story"}
    return _update(callback_query={**query, "message": _message(author, chat, text="a page")})


def _message(author: Json, chat: Json, **content: Any) -> Json:
    return {"message_id": 1, "date": 0, "chat": chat, "from": author, **content}


def _update(**event: Json) -> Incoming:
    return Incoming.of(Update.model_validate({"update_id": 1, **event}), 4)


@pytest.mark.parametrize("text", ["/story", "/cuento@our_bot", "/start deep_link"])
def test_our_commands_come_in(door: GroupDoor, text: str) -> None:
    assert door.lets_in(written(text))


@pytest.mark.parametrize(
    "text", ["good morning", "/ban", "/story@another_bot", "/", "/home/ana/x.txt", "see /story"]
)
def test_talk_and_other_bots_commands_stay_out(door: GroupDoor, text: str) -> None:
    assert not door.lets_in(written(text))
    assert door.lets_in(written(text, PRIVATE))


@pytest.mark.parametrize("author", [ANA, ADMIN], ids=["reader", "admin"])
def test_no_group_learns_of_what_administrators_may_ask(door: GroupDoor, author: Json) -> None:
    assert not door.lets_in(written("/refund x", author=author))
    assert door.command_of(written("/refund@our_bot x", author=author).update) is None
    assert door.lets_in(written("/refund x", PRIVATE, author))


def test_presses_come_in_where_the_message_is_ours(door: GroupDoor) -> None:
    ours = ME.model_dump(exclude_none=True)
    other = {**ours, "id": 43, "username": "another_bot"}
    assert door.lets_in(pressed(ours))
    assert not door.lets_in(pressed(other))


def test_what_else_happens_in_a_group_stays_out(door: GroupDoor) -> None:
    bot = ME.model_dump(exclude_none=True)
    change = {"chat": GROUP, "from": ANA, "date": 0}
    left = {"status": "left", "user": bot}
    member = {"status": "member", "user": bot}
    assert not door.lets_in(
        _update(my_chat_member={**change, "old_chat_member": left, "new_chat_member": member})
    )
    photo = [{"file_id": "1", "file_unique_id": "1", "width": 1, "height": 1}]
    assert not door.lets_in(_update(message=_message(ANA, GROUP, photo=photo, caption="/story")))
