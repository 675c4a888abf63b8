"""Whoever presses a button or reacts before they have ever written is registered all the same."""

from typing import Any

import pytest

from tests.e2e.program import Program
from tests.e2e.reader import Reader
from tests.waiting import wait_until
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]


def profile_of(program: Program, reader: Reader) -> Any:
    query = "SELECT first_name FROM user_profiles WHERE user_id = ?"
    return program.stores.value(query, str(reader.user_id))


async def contact(reader: Reader, kind: str) -> Json:
    """On a message of the bot that somebody else has sent on to them."""
    person = {"id": reader.user_id, "is_bot": False, "first_name": "Nadia", "language_code": "es"}
    chat = {"id": reader.user_id, "type": "private", "first_name": "Nadia"}
    bot = await reader.client.bot()
    author = {"id": bot["id"], "is_bot": True, "first_name": bot["first_name"]}
    message = {"message_id": 900_001, "date": 1, "chat": chat, "from": author, "text": "a page"}
    if kind == "callback_query":
        query = {"id": f"{reader.user_id}", "from": person, "chat_instance": "1", "data": "story"}
        return {kind: {**query, "message": message}}
    change = {"chat": chat, "message_id": 900_001, "user": person, "date": 1, "old_reaction": []}
    return {kind: {**change, "new_reaction": [{"type": "emoji", "emoji": "❤"}]}}


@pytest.mark.criterion("1.3.1")
@pytest.mark.parametrize("kind", ["callback_query", "message_reaction"])
async def test_a_first_contact_registers(playing: Program, kind: str) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Nadia")
        await client.deliver(await contact(reader, kind))
        wait_until(lambda: profile_of(playing, reader) == "Nadia")
        wait_until(lambda: playing.stores.document(reader.user_id) is not None)
    types = [event["event_type"] for event in playing.stores.outbox(reader.user_id)]
    assert types.count("user_registered") == 1


@pytest.mark.parametrize("kind", ["callback_query", "message_reaction"])
async def test_the_forgotten_come_back_only_by_writing(playing: Program, kind: str) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Nadia")
        await reader.ask("/start")
        await reader.ask("/forget")
        await reader.press("forget:yes")
        await client.deliver(await contact(reader, kind))

        def stranger_was_handled() -> bool:
            ended = playing.stores.outbox(reader.user_id)[-1]
            return bool(ended["payload"].get("operation") == "stranger")

        wait_until(stranger_was_handled)
        assert profile_of(playing, reader) is None
        await reader.ask("/start")
        assert profile_of(playing, reader) == "Nadia"
