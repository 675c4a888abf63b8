"""Where in a forum an answer belongs."""

import json
from typing import Any

import pytest
from aiogram.methods import AnswerPreCheckoutQuery, SendInvoice
from aiogram.types import LabeledPrice, Update

from yabot.bot.incoming import Incoming
from yabot.bot.plain import in_plain_text
from yabot.bot.turn import Turn
from yabot.log.unit_of_work import Cause, UnitOfWork

Json = dict[str, Any]
TOPIC = {"message_thread_id": 5, "is_topic_message": True}
REPLIES = {"message_thread_id": 5}


def answering(event: str, thread: Json) -> Turn:
    """At a command, or at a press on a message, that stands in ``thread``."""
    ana = {"id": 7, "is_bot": False, "first_name": "Ana"}
    chat = {"id": -100, "type": "supergroup", "title": "Readers"}
    message = {"message_id": 9, "date": 0, "chat": chat, "from": ana, "text": "/story", **thread}
    query = {"id": "1", "from": ana, "chat_instance": "1", "data": "x", "message": message}
    body = {"message": message, "callback_query": query}[event]
    update = Update.model_validate({"update_id": 1, event: body})
    return Turn(Incoming.of(update, 4), UnitOfWork(Cause("bot", "1", "1")), "story")


def answer_to(event: str, thread: Json) -> Json:
    turn = answering(event, thread)
    turn.say("This way")
    return calls_of(turn)[0]


def calls_of(turn: Turn) -> list[Json]:
    return [json.loads(each.payload) for each in turn.work.messages]


@pytest.mark.parametrize("event", ["message", "callback_query"])
def test_an_answer_goes_to_the_topic_it_was_asked_in(event: str) -> None:
    assert answer_to(event, TOPIC)["message_thread_id"] == 5


@pytest.mark.parametrize("event", ["message", "callback_query"])
@pytest.mark.parametrize("thread", [REPLIES, {}], ids=["replies", "none"])
def test_a_chain_of_replies_is_no_topic(event: str, thread: Json) -> None:
    assert "message_thread_id" not in answer_to(event, thread)


@pytest.mark.parametrize("event", ["message", "callback_query"])
def test_so_do_a_file_an_invoice_and_what_is_said_again_without_markup(event: str) -> None:
    turn = answering(event, TOPIC)
    turn.attach("mydata.json", "{}", "All of it")
    prices = [LabeledPrice(label="A key", amount=1)]
    sold: Json = {"title": "A key", "description": "It opens", "payload": "x", "currency": "XTR"}
    turn.send(SendInvoice(chat_id=-100, prices=prices, **sold))
    turn.say("<b>This</b> way")
    for part in in_plain_text(turn.work.messages[-1]):
        turn.work.send(part)
    assert [each.get("message_thread_id") for each in calls_of(turn)] == [5] * 4
    turn.send(AnswerPreCheckoutQuery(pre_checkout_query_id="1", ok=True))
    assert "message_thread_id" not in calls_of(turn)[-1]


def test_a_file_that_was_asked_for_in_no_topic_goes_to_none() -> None:
    turn = answering("message", REPLIES)
    turn.attach("mydata.json", "{}", "All of it")
    assert "message_thread_id" not in calls_of(turn)[0]
