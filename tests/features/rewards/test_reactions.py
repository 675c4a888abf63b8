"""A reaction to a page pays what the story says, once for each reader and page."""

import asyncio
from itertools import pairwise

import pytest

from tests.features.rewards.house import STORY, House
from tests.storage.dumps import rows_of
from yabot.bus.dead_letters.failures import Case
from yabot.bus.groups.delivery import Delivery
from yabot.bus.tables import dead_letters
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.tables import transactions
from yabot.features.narrative.library import Library

ANA, BEA = "7", "8"


@pytest.mark.criterion("2.2.1", "3.1.3", "3.2.2")
async def test_a_reaction_pays_and_says_what_for(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "🔥")
    await house.work()
    (paid,) = (await house.besitos.overview(ANA)).movements
    assert (paid.amount, paid.kind, paid.reason, paid.source) == (3, "award", "reaction", "rewards")
    assert paid.transaction_id == "reaction:7:porch"
    _, detected, awarded = await house.events(ANA)
    assert (detected.event_type, awarded.event_type) == ("reaction_detected", "besitos_awarded")
    assert awarded.causation_id == detected.event_id
    assert awarded.correlation_id == detected.correlation_id
    assert awarded.payload["balance_after"] == 3
    assert await audit_ledger(house.database) == []


async def test_the_first_reaction_with_a_price_is_the_one_that_pays(house: House) -> None:
    await house.join(ANA)
    for reaction in ("👀", "❤", "🔥", "❤"):
        await house.react(ANA, "porch", reaction)
        await house.work()
    assert await house.besitos.balance(ANA) == STORY.fragments["porch"].metadata.reactions["❤"]


async def test_two_at_once_are_one(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "🔥", "❤")
    await house.work()
    assert await house.besitos.balance(ANA) == 3


async def test_each_page_and_each_reader_is_paid_apart(house: House) -> None:
    for reader in (ANA, BEA):
        await house.join(reader)
    await house.react(ANA, "porch", "❤")
    await house.react(BEA, "porch", "❤")
    await house.react(ANA, "hall", "👏")
    await house.work()
    assert [await house.besitos.balance(reader) for reader in (ANA, BEA)] == [7, 2]


@pytest.mark.parametrize(
    ("content_id", "reaction"), [("porch", "👏"), ("porch", "custom"), ("cellar", "❤")]
)
async def test_what_has_no_price_changes_nothing(
    house: House, content_id: str, reaction: str
) -> None:
    await house.join(ANA)
    await house.react(ANA, content_id, reaction)
    await house.work()
    assert await house.told(ANA) == []
    assert await rows_of(house.database, dead_letters) == []


async def test_who_is_not_there_gets_nothing(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.leave(ANA)
    await house.react(BEA, "porch", "❤")
    await house.work()
    assert await house.told(ANA) == await house.told(BEA) == []
    assert await rows_of(house.database, dead_letters) == []


async def test_who_comes_back_is_not_paid_again(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.work()
    await house.leave(ANA)
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.work()
    assert await house.besitos.balance(ANA) == 0


@pytest.mark.criterion("3.1.3")
async def test_many_that_decide_at_the_same_time_pay_once(house: House) -> None:
    """Past the lanes, which would keep them apart."""
    await house.join(ANA)
    for _ in range(6):
        await house.react(ANA, "porch", "❤", "🔥")
    (paying, _) = house.subscribers
    delivery = Delivery(house.world.services.commits, on_settled=lambda _dead: None)
    events = [each for each in await house.events(ANA) if each.event_type == "reaction_detected"]
    cases = [Case(paying, "rewards", 0, event) for event in events]
    await asyncio.gather(*map(delivery.deliver, [*cases, *cases]))
    assert len(await rows_of(house.database, transactions)) == 1
    assert (await house.told(ANA)).count("besitos_awarded") == 1
    assert await audit_ledger(house.database) == []


async def test_an_event_that_comes_again_has_no_second_effect(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.react(ANA, "hall", "👏")
    await house.work()
    before = await house.events(ANA), await house.said(ANA)
    await house.rewind()
    await house.work()
    assert (await house.events(ANA), await house.said(ANA)) == before


async def test_only_the_first_besitos_are_told_of(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.work()
    (told,) = await house.said(ANA)
    assert "2 besitos" in told.text
    assert "/balance" in told.text
    await house.react(ANA, "porch", "🔥")
    await house.work()
    assert len(await house.said(ANA)) == 1


@pytest.mark.criterion("3.2.2")
async def test_causes_stand_before_their_consequences(house: House) -> None:
    await house.join(ANA)
    await house.react(ANA, "porch", "❤")
    await house.react(ANA, "hall", "👏")
    await house.work()
    events = await house.events(ANA)
    places = {event.event_id: place for place, event in enumerate(events)}
    caused = [event for event in events if event.causation_id in places]
    assert len(caused) == 3
    assert all(places[event.causation_id] < places[event.event_id] for event in caused)
    for before, after in pairwise(events):
        assert (before.sequence or 0) + 1 == after.sequence
        assert before.timestamp < after.timestamp


async def test_the_price_is_that_of_the_story_as_it_is_now(house: House) -> None:
    await house.join(ANA)
    dearer = STORY.model_dump()
    dearer["fragments"]["porch"]["metadata"]["reactions"]["❤"] = 1000
    library: Library = house.world.narrative.library
    await library.replace(type(STORY).model_validate(dearer))
    await house.react(ANA, "porch", "❤")
    await house.work()
    assert await house.besitos.balance(ANA) == 1000
