"""Users of the old bot become users here, once, and nobody is told anything."""

from datetime import timedelta

import pytest

from tests.features.legacy.house import ANA, BEA, LONG_AGO, NEXT_YEARS, House, old_user
from tests.features.users.storage.world import ana
from tests.storage.dumps import rows_of
from yabot.clock import utc_now
from yabot.features.legacy.merging.rules import differing
from yabot.features.legacy.tables import legacy_users
from yabot.log.tables import outgoing, user_counters

FULL = old_user(
    first_name="Ana 🌹",
    username="ana_lee",
    kisses=120,
    role="vip",
    vip_until=NEXT_YEARS,
    inventory=("rosa", "Carta de Lucien", "rosa", "perfume 🌙"),
    achievements=("first_kiss", "diez días"),
    fragment="cap2_salon",
    visited=("intro", "cap1_puerta", "capítulo 3"),
    choices={"intro": "abrir", "capítulo 3": "irse", "cap1_puerta": "¿esperar?"},
    registered_at=LONG_AGO,
    unplaced={"last_daily_claim": "2026-10-31T08:15:02.123456", "metadata": {"a.b": [1, None]}},
)


@pytest.mark.criterion("5.4.2")
async def test_a_user_of_the_old_bot_is_here_with_all_they_had(house: House) -> None:
    (merged,) = await house.merge(FULL)
    assert (merged.outcome, merged.besitos, merged.conflicts) == ("imported", 120, ())
    assert await house.audits() == []
    user = await house.world.known()
    profile = user.profile
    assert (profile.first_name, profile.username, profile.is_active) == ("Ana 🌹", "ana_lee", True)
    assert profile.registration_date == LONG_AGO
    assert await house.balance() == 120
    current = await house.subscriptions.current(ANA)
    assert (current.plan_type, current.status, current.end_date) == ("vip", "active", NEXT_YEARS)
    assert await house.subscriptions.opens_vip(ANA)
    owned = await house.owned()
    assert owned["rosa"] == 2
    assert sorted(owned.values()) == [1, 1, 1, 1, 2]
    progress = await house.progress()
    assert progress.current_fragment == "cap2_salon"
    assert progress.completed_fragments == ("intro", "cap1_puerta")
    assert [(made.fragment_id, made.choice_id) for made in progress.choices_made] == [
        ("intro", "abrir")
    ]
    assert (await house.kept()).fields == FULL.unplaced
    assert differing(await house.ours(), FULL) == ()
    assert await rows_of(house.world.services.database, outgoing) == []


async def test_who_has_nothing_is_here_too(house: House) -> None:
    bare = old_user(BEA)
    await house.merge(bare)
    assert await house.audits() == []
    assert differing(await house.ours(BEA), bare) == ()
    assert await house.told(BEA) == ["user_registered", "legacy_user_imported"]


async def test_a_name_that_somebody_here_has_now_means_them(house: House) -> None:
    """Telegram has given it to somebody else since the old bot has heard of it."""
    await house.world.register(telegram=ana(username="ana_lee"))
    await house.merge(old_user(BEA, username="ana_lee"))
    found = await house.world.users.find_by_username("@ana_lee")
    assert found is not None
    assert found.user_id == ANA


async def test_a_merge_that_is_repeated_does_nothing(house: House) -> None:
    await house.merge(FULL)
    (again,) = await house.merge(FULL)
    assert again.outcome == "unchanged"
    assert await house.balance() == 120
    assert await house.audits() == []


async def test_the_row_counts_what_was_published(house: House) -> None:
    await house.merge(FULL, old_user(BEA, kisses=3))
    database = house.world.services.database
    counted = {row["user_id"]: row["sequence"] for row in await rows_of(database, user_counters)}
    rows = {row["user_id"]: row for row in await rows_of(database, legacy_users)}
    assert {user_id: row["events"] for user_id, row in rows.items()} == counted
    assert {(row["origin"], bool(row["waits"])) for row in rows.values()} == {("imported", False)}


async def test_what_ended_before_is_history(house: House) -> None:
    ended = old_user(role="premium", vip_until=LONG_AGO)
    await house.merge(ended)
    assert differing(await house.ours(), ended) == ()
    current = await house.subscriptions.current(ANA)
    assert (current.plan_type, current.status, current.access) == ("premium", "expired", False)
    assert await house.told() == ["user_registered", "legacy_user_imported"]


async def test_a_role_without_an_end_gets_the_longest_that_may_be_given(house: House) -> None:
    endless = old_user(role="vip")
    await house.merge(endless)
    await house.catch_up()
    assert differing(await house.ours(), endless) == ()
    end = (await house.subscriptions.current(ANA)).end_date
    assert end is not None
    assert timedelta(days=3650) < end - utc_now() <= timedelta(days=3653)
