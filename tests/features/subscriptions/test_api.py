"""Subscriptions, as other services ask for them and change them: without MongoDB and Redis."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.client import ApiClient, serving
from tests.api.overtaken import OvertakenDoor
from tests.features.harness import Harness
from tests.storage.dumps import rows_of
from yabot.features.subscriptions.api import routes
from yabot.features.subscriptions.events import SubscriptionUpdated
from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.tables import subscriptions
from yabot_client import AsyncClient
from yabot_client.codes import (
    NoSubscription,
    PreconditionFailed,
    ScopeMissing,
    SubscriptionTooLong,
    UserUnknown,
)
from yabot_client.tagged import Tagged
from yabot_client.types import SubscriptionState

VIP = {"plan_type": "vip"}


def lasts(state: SubscriptionState) -> timedelta:
    return moment(state["end_date"]) - moment(state["start_date"])


def moment(text: str | None) -> datetime:
    assert text is not None
    return datetime.fromisoformat(text)


def path_of(user_id: str) -> str:
    return f"/user/{user_id}/subscription"


async def extend(
    yabot: AsyncClient, user_id: str, days: int | None = None, **named: Any
) -> Tagged[SubscriptionState]:
    """With VIP, a month of it unless ``days`` say otherwise."""
    return await yabot.extend_user_subscription(user_id, plan_type="vip", days=days, **named)


async def test_who_has_never_subscribed_has_the_free_plan(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    assert (await yabot.get_user_subscription(ana.user_id)).value == {
        "plan_type": "free",
        "status": "active",
        "start_date": None,
        "end_date": None,
        "access": False,
    }


async def test_of_nobody_nothing_is_told_and_nothing_given(
    yabot: AsyncClient, harness: Harness
) -> None:
    for asked in (
        yabot.get_user_subscription("4242"),
        extend(yabot, "4242"),
        yabot.cancel_user_subscription("4242"),
    ):
        with pytest.raises(UserUnknown):
            await asked
    assert await rows_of(harness.services.database, subscriptions) == []


async def test_a_subscription_is_started_renewed_and_told_of(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    started = (await extend(yabot, ana.user_id)).value
    assert (started["plan_type"], started["status"]) == ("vip", "active")
    assert started["access"] is True
    assert lasts(started) == timedelta(days=30)
    renewed = await extend(yabot, ana.user_id, 7)
    assert lasts(renewed.value) == timedelta(days=37)
    assert await yabot.get_user_subscription(ana.user_id) == renewed
    told = await ana.events(SubscriptionUpdated)
    assert [each["end_date"] for each in told] == [started["end_date"], renewed.value["end_date"]]


async def test_the_other_plan_converts_what_is_left(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    await yabot.extend_user_subscription(ana.user_id, plan_type="premium", days=20)
    changed = (await extend(yabot, ana.user_id, 10)).value
    assert changed["plan_type"] == "vip"
    worth = timedelta(days=20) * PLANS["premium"].stars / PLANS["vip"].stars
    assert abs(lasts(changed) - worth - timedelta(days=10)) < timedelta(minutes=5)


async def test_a_cancelled_subscription_gives_access_until_its_end(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    started = await extend(yabot, ana.user_id)
    cancelled = await yabot.cancel_user_subscription(ana.user_id)
    assert cancelled.value == {**started.value, "status": "cancelled"}
    assert await yabot.cancel_user_subscription(ana.user_id) == cancelled
    assert len(await ana.events(SubscriptionUpdated)) == 2
    harness.pass_time(days=31)
    over = (await yabot.get_user_subscription(ana.user_id)).value
    assert (over["status"], over["access"]) == ("cancelled", False)


async def test_access_ends_with_its_time_though_nobody_has_closed_it_yet(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    known = await extend(yabot, ana.user_id)
    assert await yabot.get_user_subscription(ana.user_id, known=known) is known
    harness.pass_time(days=31)
    ended = (await yabot.get_user_subscription(ana.user_id, known=known)).value
    assert (ended["status"], ended["access"]) == ("active", False)
    with pytest.raises(NoSubscription):
        await yabot.cancel_user_subscription(ana.user_id)


async def test_the_one_that_gives_access_is_told_though_a_newer_one_has_ended(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await extend(yabot, ana.user_id)
    (row,) = await rows_of(harness.services.database, subscriptions)
    ended = {**row, "id": row["id"] + 1, "status": "expired"}
    await harness.services.database.write(
        lambda connection: connection.execute(subscriptions.insert(), ended) and None
    )
    shown = (await yabot.get_user_subscription(ana.user_id)).value
    assert (shown["status"], shown["access"]) == ("active", True)


async def test_no_gift_reaches_further_than_ten_years(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    for _ in range(9):
        await extend(yabot, ana.user_id, 366)
    with pytest.raises(SubscriptionTooLong):
        await extend(yabot, ana.user_id, 366)
    shown = (await yabot.get_user_subscription(ana.user_id)).value
    assert lasts(shown) == timedelta(days=9 * 366)


async def test_requests_at_the_same_time_extend_one_subscription(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await asyncio.gather(*(extend(yabot, ana.user_id) for _ in range(6)))
    (row,) = await rows_of(harness.services.database, subscriptions)
    assert row["end_date"] - row["start_date"] == timedelta(days=6 * 30)


async def test_the_same_request_again_gives_nothing_more(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    asking = (extend(yabot, ana.user_id, idempotency_key="one") for _ in range(20))
    first, *others = await asyncio.gather(*asking)
    assert others == [first] * 19
    assert len(await ana.events(SubscriptionUpdated)) == 1


async def test_what_has_changed_since_it_was_read_is_not_extended(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    etag = (await yabot.get_user_subscription(ana.user_id)).etag
    await extend(yabot, ana.user_id, if_match=etag)
    with pytest.raises(PreconditionFailed):
        await extend(yabot, ana.user_id, if_match=etag)


@pytest.mark.parametrize("has_one", [True, False])
async def test_who_is_deleted_meanwhile_is_unknown_and_gets_nothing(
    yabot: AsyncClient, harness: Harness, has_one: bool
) -> None:
    ana = await harness.join()
    if has_one:
        await extend(yabot, ana.user_id)
    door = OvertakenDoor(harness.services.commits, ana.forget)
    async with serving(routes(harness.services, door)) as api, api.typed() as slower:
        with pytest.raises(UserUnknown):
            await extend(slower, ana.user_id)
    assert await rows_of(harness.services.database, subscriptions) == []


async def test_no_answer_about_a_subscription_outlives_its_user(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await extend(yabot, ana.user_id)
    await yabot.cancel_user_subscription(ana.user_id)
    door = OvertakenDoor(harness.services.commits, ana.forget)
    async with serving(routes(harness.services, door)) as api, api.typed() as slower:
        # Cancelled already: it changes nothing.
        with pytest.raises(UserUnknown):
            await slower.cancel_user_subscription(ana.user_id)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"plan_type": "free"},
        {**VIP, "days": 0},
        {**VIP, "days": 367},
        {**VIP, "days": 1.5},
        {**VIP, "days": True},
        {**VIP, "status": "active"},
    ],
)
async def test_only_time_of_a_plan_that_is_sold_can_be_given(
    api: ApiClient, harness: Harness, body: object
) -> None:
    ana = await harness.join()
    refused = await api.post(path_of(ana.user_id), body)
    assert (refused.status, refused.code) == (422, "invalid_request")


async def test_reading_and_changing_are_different_rights(
    api: ApiClient, yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    api.scopes = ["subscriptions:read"]
    await yabot.get_user_subscription(ana.user_id)
    with pytest.raises(ScopeMissing):
        await extend(yabot, ana.user_id)
    api.scopes = ["subscriptions:write"]
    with pytest.raises(ScopeMissing):
        await yabot.get_user_subscription(ana.user_id)
