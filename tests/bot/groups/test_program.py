"""The program in a group, by either door: it answers what it is asked, and keeps nothing else."""

from typing import Any

import pytest

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import said_by_bot
from tests.ports import free_port
from tests.waiting import PATIENCE, until, wait_until
from yabot.playground.client import PlaygroundClient

SECRET_TALK = "Blas owes Carla forty"


@pytest.fixture(params=["polling", "webhook"])
def program(
    request: pytest.FixtureRequest, new_program: NewProgram, bot_settings: dict[str, str]
) -> Program:
    door: dict[str, str] = {}
    if request.param == "webhook":
        port = str(free_port())
        door = {
            "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
            "WEBHOOK_PORT": port,
            "WEBHOOK_SECRET": "a-secret-of-thirty-two-characters",
        }
    started = new_program(**bot_settings, **door)
    started.start()
    if door:
        wait_until(lambda: bool(started.logged("webhook.set")))
    return started


async def test_a_group_hears_only_what_it_asked_for(program: Program, telegram: Program) -> None:
    async with PlaygroundClient(telegram.url) as client:
        ana = await client.add_user("Ana", "es")
        group = await client.add_group("Readers", ana, bot_hears_all=True)
        topic = await client.open_topic(group, ana, "FailedMessages")
        name = (await client.bot())["username"]
        for talk in ("/ban@AnotherBot", "/", "/home/ana/x.txt", "/unheard_of", SECRET_TALK):
            await client.send_to_group(group, ana, talk)
        plain = await client.send_to_group(group, ana, "/story")
        await client.send_to_group(group, ana, f"/menu@{name}", reply_to=plain["message_id"])
        await client.send_to_group(group, ana, "/help", topic=topic)

        async def answered() -> bool:
            return len(said_by_bot(await client.group_chat(group))) == 3

        await until(answered)
        story, menu, helped = said_by_bot(await client.group_chat(group))
        # In private a path and a foreign command are talk, and talk has its answer.
        for talk in ("/home/ana/x.txt", "/ban@AnotherBot"):
            await client.send(ana, talk)
        chat = await client.wait_for(ana, lambda chat: len(said_by_bot(chat)) == 2, PATIENCE)
    assert all("Las historias se leen a solas" in said["text"] for said in (story, menu, helped))
    assert [_thread(said) for said in (story, menu)] == [None, None]
    assert _thread(helped) == topic
    assert helped["is_topic_message"]
    assert not any("no está en este libro" in said["text"] for said in said_by_bot(chat))
    told = [
        event["payload"]["action"]
        for event in program.stores.outbox(ana)
        if event["event_type"] == "user_interaction" and event["payload"]["context"]
    ]
    assert told == ["story", "menu", "help"]
    # Three commands in the group, and two texts in private: nothing else was ever stored.
    assert program.stores.value("SELECT count(*) FROM updates") == 5
    assert SECRET_TALK not in program.errors


def _thread(message: dict[str, Any]) -> int | None:
    return message.get("message_thread_id")
