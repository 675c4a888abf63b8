"""Whatever strangers write, call themselves or let their clients send: nothing raises, they are
answered, and others get nothing of it that harms.
"""

import random

import pytest

from tests.e2e.forger import Forger
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers
from tests.features.besitos.beside import grant, until_told
from yabot.app.features import FEATURES
from yabot.display_name import LONGEST

COMMANDS = sorted({command for feature in FEATURES for command in feature.commands} - {"forget"})
PIECES = ("@", "a" * 300, "lucia", "9" * 30, "-1", "\u202e", "\0", "\n", "<b>", "&", " ", "'", "️")
TOO_LONG = "Es más de lo que puedo leer detrás de una orden."
ADVERTISEMENT = "Win 100 besitos at t.me/spam_shop @spam_shop \u202e https://spam.example"

# Each a form that some button has, with what a client may put in its place.
FORMS = ("c:{}:{}", "r:{}:{}", "lang:{}", "gift:{}:{}:{}", "buy:{}:{}:{}", "shop:{}", "vip:buy:{}")
FORGED = (
    "",
    "gate",
    "letter",
    "xx",
    "0",
    "007",
    "9" * 20,
    "❤",
    "❤️",
    "💋" * 20,
    "\0",
    "\n",
    "{}",
    "’",
)


@pytest.mark.parametrize("seed", range(3))
async def test_any_text_behind_any_command_is_answered(playing: Program, seed: int) -> None:
    chance = random.Random(seed)
    async with readers(playing.url, "Lucía") as (reader,):
        await reader.ask("/start")
        for command in COMMANDS:
            text = "".join(chance.choices(PIECES, k=6))
            assert await reader.ask(f"/{command} {text}")
    assert playing.logged("update.failed") == []


async def test_what_is_too_long_gets_a_kind_answer(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,):
        await reader.ask("/start")
        (told,) = await reader.ask(f"/gift @{'a' * 3000}")
        assert told["text"].startswith(TOO_LONG)
        (told,) = await reader.ask(f"/gift @{'a' * 200} 5")
        assert len(told["text"]) < 300


async def test_a_payload_that_is_none_is_no_part_of_an_event(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,):
        await reader.ask("/Start call me at 555-1234")
        await reader.ask("/start from-Ana_2")
        contexts = [
            event["payload"]["context"]
            for event in playing.stores.outbox(reader.user_id)
            if event["event_type"] == "user_interaction"
        ]
    assert contexts == [{}, {"payload": "from-Ana_2"}]


@pytest.mark.parametrize(
    ("name", "username", "shown"),
    [
        (ADVERTISEMENT[:64], "spam_shop_two", "Win 100 besitos at"),
        ("@spam_shop", None, "otra persona que lee"),
        ("x" * 64, None, "x" * LONGEST),
    ],
)
async def test_a_name_is_harmless_to_whom_it_is_told(
    playing: Program, name: str, username: str | None, shown: str
) -> None:
    async with readers(playing.url, "Mar") as (mar,):
        giver = Reader(mar.client, await mar.client.add_user(name, "es", username))
        await mar.ask("/start")
        await giver.ask("/start")
        await grant(playing.stores, giver.user_id, 5)
        until_told(playing.stores)
        (question,) = await giver.ask(f"/gift {mar.user_id} 5")
        before = await mar.answers()
        await giver.press(buttons(question)[0])
        chat = await mar.until(lambda chat: len(chat) > len(before) + 1)
    notice = chat[-1]["text"]
    assert notice.startswith(f"💋 {shown} ")
    assert "spam_shop" not in notice
    assert "://" not in notice


@pytest.mark.slow
async def test_forged_data_of_a_button_never_raises(forger: Forger) -> None:
    chance = random.Random(9)
    async with readers(forger.telegram_url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        own = f"gift:{lucia.user_id}:1:1"
        for data in [own, *(forged(chance) for _ in range(40))]:
            await lucia.send("/menu")
            await lucia.until(lambda chat: any("help" in buttons(message) for message in chat))
            await forger.press(lucia, "help", data)
        query = "SELECT count(*) FROM user_profiles WHERE user_id = ?"
        assert forger.program.stores.value(query, str(lucia.user_id)) == 1
    assert forger.program.logged("update.failed") == []
    assert forger.program.logged("message.refused") == []


def forged(chance: random.Random) -> str:
    form = chance.choice(FORMS)
    return form.format(*chance.choices(FORGED, k=form.count("{}")))
