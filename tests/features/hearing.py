"""What the bot has said to somebody, as it waits in SQL for Telegram."""

import json
from typing import NamedTuple

from tests.storage.dumps import Rows, rows_of
from yabot.log.tables import outgoing
from yabot.storage.relational.database import Database


class Said(NamedTuple):
    text: str
    # What stands on those beneath it and what each sends, row by row.
    buttons: list[tuple[str, str]]


async def said_to(database: Database, user_id: str) -> list[Said]:
    """All of it, oldest first."""
    return [said_in(row["payload"]) for row in await messages_to(database, user_id)]


async def messages_to(database: Database, user_id: str) -> Rows:
    """Their rows, oldest first; calls that say nothing are none, such as one for a refund, or what
    waited when its reader was forgotten.
    """
    rows = await rows_of(database, outgoing)
    return [row for row in rows if row["chat_id"] == int(user_id) and says(row["payload"])]


def said_in(payload: str) -> Said:
    parameters = json.loads(payload)
    keyboard = parameters.get("reply_markup", {}).get("inline_keyboard", [])
    # One that opens a page sends nothing.
    buttons = [(each["text"], each.get("callback_data", "")) for row in keyboard for each in row]
    return Said(parameters["text"], buttons)


def says(payload: str) -> bool:
    """Whether such a call is something to read in a chat."""
    parameters = json.loads(payload)
    return "chat_id" in parameters and "text" in parameters
