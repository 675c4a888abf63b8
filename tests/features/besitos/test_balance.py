"""/balance in the chat of the real program."""

import pytest

from tests.e2e.journal import Journal
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.features.besitos.beside import beside, grant, until_told
from yabot.features.besitos.handlers import SHOWN
from yabot.playground.client import PlaygroundClient


@pytest.mark.parametrize(
    ("language", "nothing", "some", "earned", "given"),
    [
        (
            "es",
            "Ahora mismo no tienes besitos",
            "Tienes 7 besitos",
            "te los ganaste",
            "regalo que h",
        ),
        (
            "en",
            "You have no besitos right now",
            "You have 7 besitos",
            "you earned them",
            "present you g",
        ),
    ],
)
async def test_the_balance_and_what_happened_last(
    playing: Program, language: str, nothing: str, some: str, earned: str, given: str
) -> None:
    async with PlaygroundClient(playing.url) as client:
        reader = await Reader.new(client, "Lucía", language)
        other = await Reader.new(client, "Mar", language)
        await other.ask("/start")
        (told,) = await reader.ask("/balance")
        assert nothing in told["text"]

        await grant(playing.stores, reader.user_id, 4, 6)
        until_told(playing.stores)
        async with beside(playing.stores) as ledger:
            await ledger.transfer(str(reader.user_id), str(other.user_id), 3)
        (told,) = await reader.ask("/balance")
        balance, _, _, *movements = told["text"].splitlines()
        assert some in balance
        assert [line.split(" · ")[0] for line in movements] == ["−3", "+6", "+4"]
        assert given in movements[0]
        assert earned in movements[1]


async def test_only_the_latest_are_shown(playing: Program) -> None:
    async with readers(playing.url, "Sol") as (reader,):
        await reader.ask("/start")
        await grant(playing.stores, reader.user_id, *range(1, SHOWN + 3))
        until_told(playing.stores)
        (told,) = await reader.ask("/balance")
    movements = [line.split(" · ")[0] for line in told["text"].splitlines()[3:]]
    assert movements == [f"+{amount}" for amount in range(SHOWN + 2, 2, -1)]


async def test_it_tells_the_bus_what_it_was(playing: Program) -> None:
    async with readers(playing.url, "Teo") as (reader,):
        await reader.ask("/balance")
        *_, interaction, completed = Journal(playing.stores, reader.user_id).turn()
    assert interaction["payload"]["action"] == "balance"
    assert (completed["payload"]["operation"], completed["payload"]["outcome"]) == ("balance", "ok")


@pytest.mark.criterion("1.3.5")
async def test_mydata_shows_them_and_forget_takes_them_away(playing: Program) -> None:
    async with readers(playing.url, "Ximena") as (reader,):
        await reader.ask("/start")
        await grant(playing.stores, reader.user_id, 4)
        until_told(playing.stores)
        shown = await reader.own_data()
        assert shown["besitos"]["balance"] == 4
        assert [each["amount"] for each in shown["besitos"]["movements"]] == [4]

        (warned,) = await reader.ask("/forget")
        assert "También se pierden tus 4 besitos." in warned["text"]
        await reader.press("forget:yes")
        (told,) = await reader.ask("/balance")
        assert "Ahora mismo no tienes besitos" in told["text"]
