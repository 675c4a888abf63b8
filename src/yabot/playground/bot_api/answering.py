"""Answers to button presses."""

from yabot.playground.bot_api.errors import bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.store import presses
from yabot.playground.store.database import Transaction

LONGEST_ANSWER = 200

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


def answer_callback_query(tx: Transaction, params: Params) -> bool:
    text = params.text("text")
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    shown = {"text": text, "show_alert": params.flag("show_alert"), "url": params.text("url")}
    if not presses.answer(tx, params.text("callback_query_id"), shown):
        raise bad_request(TOO_OLD)
    return True
