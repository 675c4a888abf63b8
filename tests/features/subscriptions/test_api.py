"""Subscriptions, as other services ask for them and change them: without MongoDB and Redis."""

import asyncio
from datetime import datetime, timedelta

import pytest

from tests.api.client import ApiClient, serving
from tests.api.overtaken import OvertakenDoor
from tests.features.harness import Harness
from tests.storage.dumps import rows_of
from yabot.features.subscriptions.api import routes
from yabot.features.subscriptions.events import SubscriptionUpdated
from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.tables import subscriptions

VIP = {"plan_type": "vip"}


def lasts(state: dict[str, str]) -> timedelta:
    return datetime.fromisoformat(state["end_date"]) - datetime.fromisoformat(state["start_date"])


def path_of(user_id: str) -> str:
    return f"/user/{user_id}/subscription"


async def test_who_has_never_subscribed_has_the_free_plan(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    answered = await api.get(path_of(ana.user_id))
    assert answered.status == 200
    assert answered.body == {
        "plan_type": "free",
        "status": "active",
        "start_date": None,
        "end_date": None,
        "access": False,
    }


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("GET", "", None), ("POST", "", VIP), ("POST", "/cancel", None)],
)
async def test_of_nobody_nothing_is_told_and_nothing_given(
    api: ApiClient, harness: Harness, method: str, below: str, body: object
) -> None:
    answered = await api.ask(method, path_of("4242") + below, body, {"Idempotency-Key": "one"})
    assert (answered.status, answered.code) == (404, "user_unknown")
    assert await rows_of(harness.services.database, subscriptions) == []


async def test_a_subscription_is_started_renewed_and_told_of(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    started = await api.post(path_of(ana.user_id), VIP)
    assert started.status == 200
    assert (started.body["plan_type"], started.body["status"]) == ("vip", "active")
    assert started.body["access"] is True
    assert lasts(started.body) == timedelta(days=30)
    renewed = await api.post(path_of(ana.user_id), {**VIP, "days": 7})
    assert lasts(renewed.body) == timedelta(days=37)
    shown = await api.get(path_of(ana.user_id))
    assert shown.body == renewed.body
    assert shown.headers["ETag"] == renewed.headers["ETag"]
    told = await ana.events(SubscriptionUpdated)
    assert [each["end_date"] for each in told] == [
        started.body["end_date"],
        renewed.body["end_date"],
    ]


async def test_the_other_plan_converts_what_is_left(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    await api.post(path_of(ana.user_id), {"plan_type": "premium", "days": 20})
    changed = await api.post(path_of(ana.user_id), {**VIP, "days": 10})
    assert changed.body["plan_type"] == "vip"
    worth = timedelta(days=20) * PLANS["premium"].stars / PLANS["vip"].stars
    assert abs(lasts(changed.body) - worth - timedelta(days=10)) < timedelta(minutes=5)


async def test_a_cancelled_subscription_gives_access_until_its_end(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    started = await api.post(path_of(ana.user_id), VIP)
    cancelled = await api.post(f"{path_of(ana.user_id)}/cancel")
    assert cancelled.status == 200
    assert cancelled.body == {**started.body, "status": "cancelled"}
    assert (await api.post(f"{path_of(ana.user_id)}/cancel")).body == cancelled.body
    assert len(await ana.events(SubscriptionUpdated)) == 2
    harness.pass_time(days=31)
    over = await api.get(path_of(ana.user_id))
    assert (over.body["status"], over.body["access"]) == ("cancelled", False)


async def test_access_ends_with_its_time_though_nobody_has_closed_it_yet(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    etag = (await api.post(path_of(ana.user_id), VIP)).headers["ETag"]
    assert (await api.get(path_of(ana.user_id), If_None_Match=etag)).status == 304
    harness.pass_time(days=31)
    ended = await api.get(path_of(ana.user_id), If_None_Match=etag)
    assert (ended.body["status"], ended.body["access"]) == ("active", False)
    refused = await api.post(f"{path_of(ana.user_id)}/cancel")
    assert (refused.status, refused.code) == (409, "no_subscription")


async def test_the_one_that_gives_access_is_told_though_a_newer_one_has_ended(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    await api.post(path_of(ana.user_id), VIP)
    (row,) = await rows_of(harness.services.database, subscriptions)
    ended = {**row, "id": row["id"] + 1, "status": "expired"}
    await harness.services.database.write(
        lambda connection: connection.execute(subscriptions.insert(), ended) and None
    )
    shown = (await api.get(path_of(ana.user_id))).body
    assert (shown["status"], shown["access"]) == ("active", True)


async def test_no_gift_reaches_further_than_ten_years(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    gifts = [await api.post(path_of(ana.user_id), {**VIP, "days": 366}) for _ in range(10)]
    assert [gift.status for gift in gifts] == [200] * 9 + [409]
    assert gifts[-1].code == "subscription_too_long"
    assert lasts((await api.get(path_of(ana.user_id))).body) == timedelta(days=9 * 366)


async def test_requests_at_the_same_time_extend_one_subscription(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    answers = await asyncio.gather(*(api.post(path_of(ana.user_id), VIP) for _ in range(6)))
    assert {answer.status for answer in answers} == {200}
    (row,) = await rows_of(harness.services.database, subscriptions)
    assert row["end_date"] - row["start_date"] == timedelta(days=6 * 30)


async def test_the_same_request_again_gives_nothing_more(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = path_of(ana.user_id)
    answers = await asyncio.gather(*(api.post(path, VIP, key="one") for _ in range(20)))
    assert {answer.body["end_date"] for answer in answers} == {answers[0].body["end_date"]}
    assert len(await ana.events(SubscriptionUpdated)) == 1


async def test_what_has_changed_since_it_was_read_is_not_extended(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = path_of(ana.user_id)
    etag = (await api.get(path)).headers["ETag"]
    condition = {"Idempotency-Key": "one", "If-Match": etag}
    assert (await api.ask("POST", path, VIP, condition)).status == 200
    late = await api.ask("POST", path, VIP, {**condition, "Idempotency-Key": "two"})
    assert (late.status, late.code) == (412, "precondition_failed")


@pytest.mark.parametrize("has_one", [True, False])
async def test_who_is_deleted_meanwhile_is_unknown_and_gets_nothing(
    api: ApiClient, harness: Harness, has_one: bool
) -> None:
    ana = await harness.join()
    if has_one:
        await api.post(path_of(ana.user_id), VIP)
    door = OvertakenDoor(harness.services.commits, ana.forget)
    async with serving(routes(harness.services, door)) as slower:
        answered = await slower.post(path_of(ana.user_id), VIP)
    assert (answered.status, answered.code) == (404, "user_unknown")
    assert await rows_of(harness.services.database, subscriptions) == []


async def test_no_answer_about_a_subscription_outlives_its_user(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    await api.post(path_of(ana.user_id), VIP)
    await api.post(f"{path_of(ana.user_id)}/cancel")
    door = OvertakenDoor(harness.services.commits, ana.forget)
    async with serving(routes(harness.services, door)) as slower:
        # Cancelled already: it changes nothing.
        answered = await slower.post(f"{path_of(ana.user_id)}/cancel")
    assert (answered.status, answered.code) == (404, "user_unknown")


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


async def test_reading_and_changing_are_different_rights(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    api.scopes = ["subscriptions:read"]
    assert (await api.get(path_of(ana.user_id))).status == 200
    refused = await api.post(path_of(ana.user_id), VIP)
    assert (refused.status, refused.code) == (403, "scope_missing")
    api.scopes = ["subscriptions:write"]
    assert (await api.get(path_of(ana.user_id))).status == 403
