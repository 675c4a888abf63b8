"""/gift in the chat of the real program: asked for, confirmed, handed over once."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import count
from typing import Any

import pytest

from tests.e2e.invariants import settle
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, said_by_bot
from tests.features.besitos.beside import beside, grant, until_told
from tests.waiting import wait_until
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.gift import SEARCHES_AT_ONCE, Gift
from yabot.features.besitos.model import MAX_AMOUNT
from yabot.log.unit_of_work import UnitOfWork
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]


@pytest.fixture
async def client(playing: Program) -> AsyncIterator[PlaygroundClient]:
    async with PlaygroundClient(playing.url) as opened:
        yield opened


@pytest.fixture
async def lucia(playing: Program, client: PlaygroundClient) -> Reader:
    """She has ten besitos."""
    reader = await Reader.new(client, "Lucía")
    await reader.ask("/start")
    await grant(playing.stores, reader.user_id, 10)
    until_told(playing.stores)
    return reader


@pytest.fixture
async def mar(client: PlaygroundClient) -> Reader:
    """She reads English, and has a username that nobody else has."""
    reader = Reader(client, await client.add_user("Mar", "en", f"Mar_{next(_numbers)}"), "en")
    await reader.ask("/start")
    return reader


_numbers = count(1)


async def username(reader: Reader) -> str:
    (found,) = [user for user in await reader.client.users() if user["id"] == reader.user_id]
    return f"@{found['username']}"


async def balances(program: Program, *people: Reader) -> list[int]:
    async with beside(program.stores) as ledger:
        return [await ledger.besitos.balance(str(reader.user_id)) for reader in people]


async def confirming(reader: Reader, text: str) -> tuple[int, str]:
    """Message and data of the button that says yes to it."""
    (question,) = await reader.ask(text)
    yes, no = buttons(question)
    assert no == "gift:no"
    return int(question["message_id"]), yes


async def forge(reader: Reader, data: str) -> list[Json]:
    """Press what no button carries, and give what is answered."""
    (asked, *_), said = await reader.chat(), await reader.answers()
    known = len(said)
    query = {"id": "1", "from": asked["from"], "chat_instance": "1", "message": said[-1]}
    await reader.client.deliver({"callback_query": query | {"data": data}})
    await reader.until(lambda chat: len(said_by_bot(chat)) > known)
    return (await reader.answers())[known:]


def events_about(program: Program, reader: Reader, kind: str) -> list[Json]:
    return [
        event["payload"]
        for event in program.stores.outbox(reader.user_id)
        if event["event_type"] == kind
    ]


async def told_of_gifts(reader: Reader) -> int:
    return sum("Lucía gives you" in said["text"] for said in await reader.answers())


@pytest.mark.criterion("3.1.3")
@pytest.mark.parametrize("who", ["username", "other case", "id"])
async def test_a_gift_is_asked_for_confirmed_and_told_to_both(
    playing: Program, lucia: Reader, mar: Reader, who: str
) -> None:
    handle = await username(mar)
    written = {"username": handle, "other case": handle.upper(), "id": str(mar.user_id)}[who]
    (question,) = await lucia.ask(f"/gift {written} 4")
    # Named as the giver has named them: an id leads to no username.
    named = str(mar.user_id) if who == "id" else handle.lower()
    assert question["text"] == f"¿Le doy 4 besitos tuyos a {named}?"
    before = await mar.answers()
    (given,) = await lucia.press(buttons(question)[0])
    assert given["text"] == "Entregados: 4 besitos. Te quedan 6."
    chat = await mar.until(lambda chat: len(chat) > len(before) + 1)
    assert chat[-1]["text"].startswith("💋 Lucía gives you 4 besitos.")
    assert buttons(chat[-1]) == ["notices:off"]
    assert await told_of_gifts(mar) == 1
    assert await balances(playing, lucia, mar) == [6, 4]

    (spent,) = events_about(playing, lucia, "besitos_spent")
    (awarded,) = events_about(playing, mar, "besitos_awarded")
    assert (spent["amount"], spent["balance_after"]) == (4, 6)
    assert (awarded["amount"], awarded["balance_after"]) == (4, 4)
    assert spent["transaction_id"].startswith(f"gift:{lucia.user_id}:")
    assert f"gift:{lucia.user_id}" not in json.dumps(await mar.own_data())
    (told,) = await mar.ask("/balance")
    assert "+4 · a present you were given" in told["text"]
    async with beside(playing.stores) as ledger:
        assert await audit_ledger(ledger.database) == []


@pytest.mark.criterion("3.1.3")
async def test_the_button_gives_once_however_often_it_is_pressed(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    message_id, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
    before = len(events_about(playing, lucia, "operation_completed"))
    presses = (lucia.client.press(lucia.user_id, message_id, yes) for _ in range(3))
    await asyncio.gather(*presses)
    wait_until(lambda: len(events_about(playing, lucia, "operation_completed")) == before + 3)
    settle(playing.stores)
    completed = events_about(playing, lucia, "operation_completed")[before:]
    outcomes = [(each["outcome"], each.get("error_code")) for each in completed]
    assert outcomes == [("ok", None), ("rejected", "outdated"), ("rejected", "outdated")]
    assert await balances(playing, lucia, mar) == [6, 4]
    assert len(events_about(playing, mar, "besitos_awarded")) == 1


async def test_two_questions_are_two_gifts(playing: Program, lucia: Reader, mar: Reader) -> None:
    for _ in range(2):
        _, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
        await lucia.press(yes)
    assert await balances(playing, lucia, mar) == [2, 8]


async def test_who_says_no_keeps_them(playing: Program, lucia: Reader, mar: Reader) -> None:
    await confirming(lucia, f"/gift {mar.user_id} 4")
    (kept,) = await lucia.press("gift:no")
    assert kept["text"] == "Se quedan contigo."
    assert await balances(playing, lucia, mar) == [10, 0]
    await lucia.until(lambda chat: not any("gift:no" in buttons(message) for message in chat))


@pytest.mark.parametrize("text", ["/gift", "/gift @mar", "/gift @mar 4 5"])
async def test_it_explains_itself(lucia: Reader, text: str) -> None:
    (told,) = await lucia.ask(text)
    assert "/gift @lucia 5" in told["text"]
    assert "Tienes 10 besitos" in told["text"]
    assert buttons(told) == []


@pytest.mark.parametrize(
    ("what", "says", "code"),
    [
        ("{mar} 0", "enteros y de uno en adelante", "invalid_amount"),
        ("{mar} -3", "enteros y de uno en adelante", "invalid_amount"),
        ("{mar} 1.5", "enteros y de uno en adelante", "invalid_amount"),
        ("{mar} muchos", "enteros y de uno en adelante", "invalid_amount"),
        ("{mar} ٣", "enteros y de uno en adelante", "invalid_amount"),
        ("{mar} 99999999999999999999", "solo tienes 10 besitos", "insufficient"),
        ("{mar} 11", "solo tienes 10 besitos", "insufficient"),
        ("{lucia} 1", "elige a otra persona", "own_gift"),
        ("@nobody_at_all 1", "no encuentro a @nobody_at_all", "unknown_recipient"),
        ("987654321 1", "no encuentro a 987654321", "unknown_recipient"),
        ("<b>x</b> 1", "no encuentro a <b>x</b>", "unknown_recipient"),
    ],
)
async def test_what_cannot_be_given_is_answered_kindly(
    playing: Program, lucia: Reader, mar: Reader, what: str, says: str, code: str
) -> None:
    (told,) = await lucia.ask("/gift " + what.format(mar=mar.user_id, lucia=lucia.user_id))
    assert says in told["text"]
    assert buttons(told) == []
    completed = events_about(playing, lucia, "operation_completed")[-1]
    assert (completed["outcome"], completed["error_code"]) == ("rejected", code)
    assert await balances(playing, lucia, mar) == [10, 0]


async def test_who_has_nothing_to_give_learns_of_nobody(
    client: PlaygroundClient, mar: Reader
) -> None:
    """The same answer for a reader, for somebody else and for an id."""
    reader = await Reader.new(client, "Nadia")
    await reader.ask("/start")
    asked = [await username(mar), "@nobody_at_all", str(mar.user_id), "987654321"]
    answers = [(await reader.ask(f"/gift {who} 1"))[0] for who in asked]
    assert {answer["text"] for answer in answers} == {
        "Qué generosidad, pero ahora mismo no tienes besitos que dar."
    }


async def test_nobody_is_looked_for_again_and_again(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    """Not by forged buttons either; what was offered can still be given."""
    _, yes = await confirming(lucia, f"/gift {mar.user_id} 1")
    for n in range(SEARCHES_AT_ONCE - 1):
        (told,) = await lucia.ask(f"/gift @somebody_{n} 1")
        assert "no encuentro a" in told["text"]
    for who in ("@somebody_else", str(mar.user_id)):
        (told,) = await lucia.ask(f"/gift {who} 1")
        assert told["text"].startswith("Has buscado a mucha gente")
    (told,) = await forge(lucia, f"gift:{mar.user_id}:2:1")
    assert told["text"].startswith("Has buscado a mucha gente")
    assert await balances(playing, lucia, mar) == [10, 0]
    (told,) = await lucia.press(yes)
    assert told["text"].startswith("Entregado: 1 besito.")
    assert await balances(playing, lucia, mar) == [9, 1]


async def test_besitos_that_are_gone_by_the_time_of_the_press_are_not_given(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    _, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
    async with beside(playing.stores) as ledger:
        await ledger.spend(str(lucia.user_id), 9)
    (told,) = await lucia.press(yes)
    assert "solo tienes 1 besito" in told["text"]
    assert await balances(playing, lucia, mar) == [1, 0]


async def test_one_who_is_gone_by_the_time_of_the_press_gets_nothing(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    _, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
    await mar.ask("/forget")
    await mar.press("forget:yes")
    (told,) = await lucia.press(yes)
    assert told["text"] == "Esa persona no está entre mis lectores: tus besitos siguen contigo."
    assert await balances(playing, lucia) == [10]


async def test_one_who_wants_no_notices_gets_the_gift_alone(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    async with beside(playing.stores) as ledger:
        users = ledger.world.users

        async def want_none(work: UnitOfWork) -> None:
            user = await ledger.world.known(str(mar.user_id))
            await users.state(user)
            users.update_preferences(work, user, {"notifications_enabled": False})

        await ledger.commit(want_none)
    _, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
    await lucia.press(yes)
    assert await told_of_gifts(mar) == 0
    assert await balances(playing, lucia, mar) == [6, 4]
    await mar.ask("/menu")  # its change of her document lets the program bring both to MongoDB


async def test_one_who_has_blocked_the_bot_finds_the_gift_later(
    playing: Program, lucia: Reader, mar: Reader
) -> None:
    await mar.client.block(mar.user_id)
    active = "SELECT is_active FROM user_profiles WHERE user_id = ?"
    wait_until(lambda: playing.stores.value(active, str(mar.user_id)) == 0)
    _, yes = await confirming(lucia, f"/gift {mar.user_id} 4")
    await lucia.press(yes)
    assert await told_of_gifts(mar) == 0
    assert await balances(playing, lucia, mar) == [6, 4]


def test_the_largest_gift_fits_under_a_button() -> None:
    largest = Gift(str(2**52 - 1), MAX_AMOUNT - 1, 10**12 - 1)
    assert len(largest.data.encode()) <= 64
    assert Gift.of(largest.data) == largest
