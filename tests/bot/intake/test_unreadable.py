"""What this version cannot read: it harms nobody, is kept, told, and handled by a later version."""

import json
from typing import Any

import pytest

from tests.bot.intake.house import House, Json
from tests.e2e.invariants import settle
from tests.e2e.reader import buttons, readers
from tests.waiting import wait_until

# Each has a program of its own.
pytestmark = pytest.mark.slow

# Stands in everything that a reader has written here.
MARK = "confided-to-nobody"
NO_UPDATES: list[Any] = [17, MARK, None, [], {"update_id": None, "message": {"text": MARK}}]


def message(user_id: int, **more: Any) -> Json:
    person = {"id": user_id, "is_bot": False, "first_name": MARK}
    chat = {"id": user_id, "type": "private", "first_name": MARK}
    return {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": MARK, **more}


def unreadable(user_id: int) -> list[Json]:
    """One of each kind that operators of other bots have reported."""
    person = message(user_id)["from"]
    about = {"chat": message(user_id)["chat"], "date": 1}
    member = {"status": "member", "user": person}
    return [
        {"message": message(user_id, forward_origin={"type": "hidden_user", "date": 1})},
        {"message": message(user_id, external_reply={"origin": {}, "story": {}})},
        {"message": message(user_id, text=f"{MARK} \ud83d")},
        {"message": [MARK]},
        {
            "message_reaction": {
                **about,
                "message_id": 1,
                "user": person,
                "old_reaction": [],
                "new_reaction": [{"type": "of_tomorrow", "text": MARK}],
            }
        },
        {
            "my_chat_member": {
                **about,
                "from": person,
                "old_chat_member": member,
                "new_chat_member": {**member, "status": "of_tomorrow"},
            }
        },
    ]


@pytest.mark.criterion("5.4.1")
async def test_what_cannot_be_read_harms_nobody(house: House) -> None:
    async with readers(house.url, "Ana", "Berta") as (ana, berta), house.other_hand() as bot:
        await ana.ask("/start")
        before = house.metric('yabot_updates_unreadable_total{type="message"}')
        ids = await ana.client.deliver(*unreadable(ana.user_id))
        await ana.client.deliver(*NO_UPDATES)
        for reader in (berta, ana):
            (said,) = await reader.ask("/help")
            assert "/story" in said["text"]
        wait_until(lambda: house.state_of(ids) == dict.fromkeys(ids, "unreadable"))
        # All of it is acknowledged, also what is no update at all.
        while (await bot.get_webhook_info()).pending_update_count:
            await berta.ask("/help")
        await ana.client.wait_for(house.admin, lambda chat: "no sé leer" in str(chat), 120)
    assert house.metric('yabot_updates_unreadable_total{type="message"}') == before + 4
    told = house.program.logged("update.unreadable")
    assert {*ids} <= {line["update_id"] for line in told}
    assert MARK not in house.program.errors
    assert MARK not in json.dumps(house.program.health("ready"))
    assert house.component("telegram") == "ok"


async def test_what_telegram_has_done_is_done_though_its_answer_is_of_tomorrow(
    house: House,
) -> None:
    async with readers(house.url, "Ana") as (ana,):
        await ana.ask("/start")
        await ana.client.faults({"kind": "undecodable"})
        (page,) = await ana.ask("/story")
        await ana.press(buttons(page)[0])
        await ana.client.clear_faults()
        await ana.ask("/help")
        sent = [answer["message_id"] for answer in await ana.answers()]
        query = (
            "SELECT message_id, state FROM outgoing WHERE chat_id = ? AND method = 'sendMessage'"
            " ORDER BY id"
        )
        as_sent = [{"message_id": number, "state": "sent"} for number in sent]
        wait_until(lambda: house.program.stores.rows(query, ana.user_id) == as_sent)
        # Its keyboard could be taken away: the program knows the page's id.
        shown = {each["message_id"]: each for each in await ana.chat()}
        assert buttons(shown[page["message_id"]]) == []


async def test_what_nobody_knows_to_be_sent_is_sent_a_bounded_number_of_times(
    house: House,
) -> None:
    async with readers(house.url, "Ana", "Berta") as (ana, berta):
        await ana.ask("/start")
        before = house.metric('yabot_sends_total{outcome="uncertain"}')
        fault = {"kind": "drop_after", "method": "sendMessage", "chat_id": ana.user_id}
        await ana.client.faults(fault)
        await ana.send("/help")
        await berta.ask("/help")
        query = "SELECT count(*) FROM outgoing WHERE chat_id = ? AND state = 'uncertain'"
        wait_until(lambda: house.program.stores.value(query, ana.user_id) == 1)
        await ana.client.clear_faults()
        assert len(await ana.answers()) == 1 + 4
        audited = "SELECT details FROM audit_log WHERE kind = 'message_uncertain' AND user_id = ?"
        details = json.loads(house.program.stores.value(audited, str(ana.user_id)))
        assert details["method"] == "sendMessage"
        await ana.client.wait_for(house.admin, lambda chat: "¿Dicho o no dicho?" in str(chat), 120)
        (said,) = await ana.ask("/help")
        assert "/story" in said["text"]
    assert house.metric('yabot_sends_total{outcome="uncertain"}') == before + 1


@pytest.mark.criterion("5.4.1")
async def test_a_later_version_handles_what_was_kept(house: House) -> None:
    async with readers(house.url, "Ana") as (ana,):
        await ana.ask("/start")
        readable = message(ana.user_id, text="/help")
        (number,) = await ana.client.deliver(
            {"message": {**readable, "forward_origin": {"type": "hidden_user", "date": 1}}}
        )
        wait_until(lambda: house.state_of([number]) == {number: "unreadable"})
        assert house.program.stop() == 0
        # What is unknown today is known to the next version: here, by its absence.
        house.program.stores.change(
            "UPDATE updates SET payload = ? WHERE update_id = ?",
            json.dumps({"update_id": number, "message": readable}),
            number,
        )
        house.program.start()
        chat = await ana.until(lambda chat: "/story" in chat[-1]["text"])
        assert chat[-1]["from"]["is_bot"]
        wait_until(lambda: house.state_of([number]) == {number: "done"})


async def test_a_later_version_sends_what_was_kept(house: House) -> None:
    async with readers(house.url, "Ana") as (ana,):
        await ana.ask("/help")
        settle(house.program.stores)
        assert house.program.stop() == 0
        change, chat = house.program.stores.change, ana.user_id
        change(
            "INSERT INTO outgoing (cause_id, n, chat_id, method, payload, state, created_at)"
            " SELECT 'newer', 0, ?, 'sendPigeon', ?, 'waiting', created_at FROM outgoing"
            " WHERE chat_id = ? LIMIT 1",
            *(chat, json.dumps({"chat_id": chat, "text": "¡Cucurrucucú!"}), chat),
        )
        house.program.start()
        query = "SELECT state FROM outgoing WHERE cause_id = 'newer'"
        wait_until(lambda: house.program.stores.value(query) == "unreadable")
        assert house.program.stop() == 0
        change("UPDATE outgoing SET method = 'sendMessage' WHERE cause_id = 'newer'")
        house.program.start()
        await ana.until(lambda chat: chat[-1]["text"] == "¡Cucurrucucú!")
        wait_until(lambda: house.program.stores.value(query) == "sent")
