"""Where in a forum an answer belongs."""

import json
from typing import Any

import pytest
from aiogram.types import Update

from yabot.bot.incoming import Incoming
from yabot.bot.turn import Turn
from yabot.log.unit_of_work import Cause, UnitOfWork

Json = dict[str, Any]
TOPIC = {"message_thread_id": 5, "is_topic_message": True}
REPLIES = {"message_thread_id": 5}


def answer_to(event: str, thread: Json) -> Json:
    """What is said back to a command, or to a press on a message, that stands in ``thread``."""
    ana = {"id": 7, "is_bot": False, "first_name": "Ana"}
    chat = {"id": -100, "type": "supergroup", "title": "Readers"}
    message = {"message_id": 9, "date": 0, "chat": chat, "from": ana, "text": "/story", **thread}
    query = {"id": "1", "from": ana, "chat_instance": "1", "data": "x", "message": message}
    body = {"message": message, "callback_query": query}[event]
    update = Update.model_validate({"update_id": 1, event: body})
    turn = Turn(Incoming.of(update, 4), UnitOfWork(Cause("bot", "1", "1")), "story")
    turn.say("This way")
    said: Json = json.loads(turn.work.messages[0].payload)
    return said


@pytest.mark.parametrize("event", ["message", "callback_query"])
def test_an_answer_goes_to_the_topic_it_was_asked_in(event: str) -> None:
    assert answer_to(event, TOPIC)["message_thread_id"] == 5


@pytest.mark.parametrize("event", ["message", "callback_query"])
@pytest.mark.parametrize("thread", [REPLIES, {}], ids=["replies", "none"])
def test_a_chain_of_replies_is_no_topic(event: str, thread: Json) -> None:
    assert "message_thread_id" not in answer_to(event, thread)
