"""What a feature's tests are made of: a reader, what they are told, and days that pass."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.vendor.pretty import pretty

from tests.features.harness import Harness
from tests.tiers import examples
from yabot.app.features import FEATURES
from yabot.clock import utc_now
from yabot.feature import Feature, Services
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.besitos.service import BesitosService
from yabot.features.users.events import UserRegistered
from yabot.features.users.notices import Notices
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event, Subscriber


def welcoming(services: Services) -> list[Subscriber[UserRegistered]]:
    """Whoever registers is given besitos, and a word."""
    notices = Notices(services[UserService], services.texts)

    async def give(event: Event[UserRegistered], work: UnitOfWork) -> None:
        key = f"welcome:{event.user_id}"
        await services[BesitosService].award(
            work, event.user_id, 3, reason="welcome", source="welcome", key=key
        )
        await notices.tell(work, event.user_id, lambda _t: "Welcome!")

    return [Subscriber("welcome", UserRegistered, give)]


@pytest.fixture
def features() -> Sequence[Feature]:
    """Rewards would ask MongoDB for the story, which is away here."""
    named = {each.name: each for each in FEATURES if each.name not in {"rewards", "alerts"}}
    menu = named.pop("menu")
    return (*named.values(), Feature("welcome", subscribers=welcoming), menu)


async def test_a_reader_joins_is_answered_and_leaves(harness: Harness) -> None:
    ana = await harness.join("Ana", "es")
    assert await ana.events(UserRegistered) == [{}]
    (said,) = await ana.say("/balance")
    assert "besitos" in said
    assert (await ana.own_data())["profile"]["first_name"] == "Ana"
    await ana.forget()
    (again,) = await ana.say("/start")
    assert "Ana" in again
    assert len(await ana.events(UserRegistered)) == 2


async def test_subscribers_hear_of_what_was_published(harness: Harness) -> None:
    ana, berta = await harness.join("Ana"), await harness.join("Berta")
    assert await ana.events(BesitosAwarded) == []
    await harness.deliver()
    for reader in (ana, berta):
        (awarded,) = await reader.events(BesitosAwarded)
        assert (awarded["amount"], awarded["reason"]) == (3, "welcome")
    await harness.publish(UserRegistered(), ana.user_id)
    await harness.deliver()
    assert len(await ana.events(BesitosAwarded)) == 1


async def test_what_was_said_unasked_is_heard_once(harness: Harness) -> None:
    ana, berta = await harness.join("Ana"), await harness.join("Berta", "es")
    await harness.deliver()
    await ana.say("/balance")
    assert await ana.heard() == [("Welcome!", [("🔕 No more notices", "notices:off")])]
    assert await ana.heard() == []
    ((text, ((_, off),)),) = await berta.heard()
    assert (text, off) == ("Welcome!", "notices:off")


@settings(max_examples=examples(10))
@given(days=st.lists(st.integers(0, 9), max_size=4))
async def test_properties_are_held_by_new_readers(harness: Harness, days: Sequence[int]) -> None:
    """Time goes on; whatever has been, each of them is welcomed once."""
    ana = await harness.join()
    for each in days:
        harness.pass_time(days=each)
        await harness.deliver("welcome")
    await harness.deliver("welcome")
    assert [each["amount"] for each in await ana.events(BesitosAwarded)] == [3]


async def test_days_pass(harness: Harness) -> None:
    before = utc_now()
    harness.pass_time(days=2, hours=1)
    passed = utc_now() - before
    assert timedelta(days=2, hours=1) <= passed < timedelta(days=2, hours=2)


async def test_what_fails_shows_it_and_its_readers_in_a_line(harness: Harness) -> None:
    ana = await harness.join()
    for shown in (repr(ana), pretty(ana)):
        assert repr(harness) in shown
        assert len(shown) < 200
