"""Users, as other services ask for them and change them."""

import asyncio

import pytest

from tests.api.client import ApiClient
from tests.features.harness import Harness
from tests.storage.dumps import events_of
from yabot.features.users.events import UserUpdated

PREFERENCES = {"language": "en", "notifications_enabled": False, "theme": "dark"}


async def test_the_state_is_all_that_is_kept_of_the_user(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    answered = await api.get(f"/user/{ana.user_id}/state")
    assert answered.status == 200
    assert answered.body["user_id"] == ana.user_id
    assert answered.body["current_state"]["menu_context"] == "main"
    assert answered.body["inventory"] == []


async def test_who_has_the_state_already_is_told_that_it_is_the_same(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/state"
    etag = (await api.get(path)).headers["ETag"]
    assert (await api.get(path, If_None_Match=etag)).status == 304
    await api.put(f"/user/{ana.user_id}/preferences", PREFERENCES)
    assert (await api.get(path, If_None_Match=etag)).status == 200


async def test_nobody_is_404_with_what_to_do(api: ApiClient) -> None:
    answered = await api.get("/user/4242/state")
    assert (answered.status, answered.code) == (404, "user_unknown")
    assert "POST /api/v1/users" in answered.body["detail"]


async def test_preferences_are_replaced_and_told_of_once(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    answered = await api.put(path, PREFERENCES, Idempotency_Key="one")
    assert answered.status == 200
    assert answered.body == PREFERENCES
    again = await api.put(path, PREFERENCES, Idempotency_Key="one")
    assert (again.status, again.body) == (200, PREFERENCES)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await ana.events(UserUpdated) == [
        {
            "update_type": "preferences",
            "updated_fields": ["language", "notifications_enabled", "theme"],
        }
    ]


async def test_twenty_equal_requests_at_once_take_effect_once(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    asking = (api.put(path, PREFERENCES, Idempotency_Key="one") for _ in range(20))
    answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert len(await ana.events(UserUpdated)) == 1


async def test_a_key_is_for_one_request(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    await api.put(path, PREFERENCES, Idempotency_Key="one")
    other = await api.put(path, {**PREFERENCES, "theme": "light"}, Idempotency_Key="one")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


async def test_what_has_changed_since_it_was_read_is_not_replaced(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    etag = (await api.put(path, PREFERENCES)).headers["ETag"]
    # Another part of the state steps on: that is nobody's conflict.
    await ana.say("/menu")
    assert (await api.put(path, {**PREFERENCES, "theme": "auto"}, If_Match=etag)).status == 200
    late = await api.put(path, {**PREFERENCES, "theme": "light"}, If_Match=etag)
    assert (late.status, late.code) == (412, "precondition_failed")


async def test_who_lacks_the_scope_changes_nothing(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    api.scopes = ["users:read"]
    refused = await api.put(f"/user/{ana.user_id}/preferences", PREFERENCES)
    assert (refused.status, refused.code) == (403, "scope_missing")
    assert not await ana.events(UserUpdated)


@pytest.mark.parametrize("body", [{}, {**PREFERENCES, "more": 1}, {**PREFERENCES, "theme": 1}])
async def test_a_body_that_breaks_a_rule_is_told_where(
    api: ApiClient, harness: Harness, body: object
) -> None:
    ana = await harness.join()
    refused = await api.put(f"/user/{ana.user_id}/preferences", body)
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert all(fault["pointer"].startswith("/") for fault in refused.body["errors"])


async def test_the_event_names_the_request_that_caused_it(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    await api.put(path, PREFERENCES, Idempotency_Key="one", X_Correlation_Id="order-7")
    *_, told = await events_of(harness.services.database, ana.user_id)
    assert '"causation_id":"api:orders:one"' in told["envelope"].replace(" ", "")
    assert '"correlation_id":"order-7"' in told["envelope"].replace(" ", "")
