"""The story under a Bot API that answers a random tenth of all calls badly."""

import asyncio
from typing import Any

import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import data_of
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, buttons, readers
from tests.e2e.route import Walk, endings
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SEED = 20_268_396
# What Telegram does to a call: together, to one of ten of each kind that the story makes.
KINDS = (
    *("undecodable", "rubbish", "drop_after", "server_error"),
    *("flood", "delay", "late", "bad_request"),
)
METHODS = ("sendMessage", "answerCallbackQuery", "editMessageReplyMarkup")
STORM = [
    {"kind": kind, "method": method, "probability": 0.1 / len(KINDS)}
    for method in METHODS
    for kind in KINDS
]
# Beside a page that Telegram refuses in any form stands the way on.
WAY_ON = "story"


async def test_the_story_goes_on_whatever_telegram_does_to_a_tenth_of_the_calls(
    new_program: NewProgram,
) -> None:
    program = new_program()
    program.start()
    async with readers(program.url, "Ada", "Blas", "Cora") as found:
        client = found[0].client
        await client.faults(*STORM, seed=SEED)
        decisions = await asyncio.gather(*(play(program, reader) for reader in found))
        faults = (await client.present_faults())["faults"]
        await client.clear_faults()
    verify(program.stores)
    # With this seed each of these strikes one of the first sixteen messages.
    struck = {each["kind"] for each in faults if each["method"] == "sendMessage" and each["hits"]}
    assert struck >= {"rubbish", "drop_after", "server_error", "bad_request"}
    for reader, count in zip(found, decisions, strict=True):
        told = [event["event_type"] for event in program.stores.outbox(reader.user_id)]
        assert told.count("decision_made") == count


async def play(program: Program, reader: Reader) -> int:
    """To an ending; returns the choices that it took."""
    await reader.send("/start")
    await reader.send("/story")
    walk, decisions = Walk(), 0
    while ahead := walk.to_any_of(endings(walk.story)):
        choice = ahead[0]
        button = data_of(walk.fragment, choice)
        await reader.client.press(reader.user_id, await find(reader, button), button)
        walk.take(choice)
        decisions += 1
        await asyncio.to_thread(wait_until, lambda: stands_at(program, reader, walk.here))
        if walk.fragment.metadata.ending:
            break
    title = walk.fragment.title[reader.language]
    await reader.until(lambda chat: any(title in message.get("text", "") for message in chat))
    return decisions


async def find(reader: Reader, button: str) -> int:
    """The message with this button, as soon as it is there; it is asked for again where even its
    excuse says so. By the time that it is pressed, the button may be gone.

    An older page may still have other buttons: what was to take them away is late as well.
    """
    chat = await reader.until(
        lambda chat: with_button(chat, button) or any(WAY_ON in buttons(m) for m in chat[-1:])
    )
    if not with_button(chat, button):
        await reader.send("/story")
        chat = await reader.until(lambda chat: with_button(chat, button))
    return with_button(chat, button)[-1]


def with_button(chat: list[dict[str, Any]], data: str) -> list[int]:
    """The messages that have it."""
    return [int(message["message_id"]) for message in chat if data in buttons(message)]


def stands_at(program: Program, reader: Reader, fragment_id: str) -> bool:
    document = program.stores.document(reader.user_id)
    if document is None:
        return False
    progress = document["current_state"]["narrative_progress"]
    return bool(progress["current_fragment"] == fragment_id)
