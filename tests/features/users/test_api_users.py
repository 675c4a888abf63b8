"""Registering, reading, correcting and deleting users, as other services do."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.api.client import ApiClient, serving
from tests.api.overtaken import OvertakenDoor
from tests.features.harness import Harness, HarnessReader
from tests.features.users.lucia import register
from tests.storage.dumps import events_of
from yabot.features.users.api import routes
from yabot.features.users.events import UserUpdated
from yabot.features.users.forgotten import ForgottenList
from yabot.features.users.service import UserService
from yabot.log.commit_log import MOST_DECISIONS
from yabot_client import AsyncClient
from yabot_client.codes import PreconditionFailed, UserExists, UserUnknown
from yabot_client.tagged import Tagged
from yabot_client.types import UserProfile

LUCIA = {
    "user_id": "4242",
    "first_name": "Lucía",
    "last_name": None,
    "username": "Lucia_M",
    "language_code": "EN-gb",
}
PROFILE = {**{name: LUCIA[name] for name in LUCIA if name != "user_id"}, "language_code": "en-gb"}


def reader(harness: Harness) -> HarnessReader:
    """Whom a service has registered, writing to the bot."""
    return HarnessReader(harness, "4242", "Luz", "es")


async def kinds(harness: Harness, user_id: str) -> list[str]:
    return [row["event_type"] for row in await events_of(harness.services.database, user_id)]


async def correct(
    yabot: AsyncClient, user_id: str, language_code: str = "en-gb", if_match: str | None = None
) -> Tagged[UserProfile]:
    """They are Lucía now."""
    return await yabot.put_user_profile(
        user_id,
        first_name="Lucía",
        last_name=None,
        username="Lucia_M",
        language_code=language_code,
        if_match=if_match,
    )


async def test_whoever_is_registered_is_a_user_like_any_other(
    api: ApiClient, harness: Harness
) -> None:
    answered = await api.post("/users", LUCIA)
    assert answered.status == 201
    assert answered.headers["Location"] == "/api/v1/user/4242"
    assert answered.body["user_id"] == "4242"
    assert answered.body["profile"] == PROFILE
    assert answered.body["state"]["preferences"]["language"] is None
    assert await kinds(harness, "4242") == ["user_registered"]
    found = await api.get("/user/4242")
    # The bot cannot write to whoever has not written to it.
    assert found.body["is_active"] is False
    assert (found.body, found.headers["ETag"]) == (answered.body, answered.headers["ETag"])
    await reader(harness).say("/menu")
    met = (await api.get("/user/4242")).body
    assert (met["profile"]["first_name"], met["is_active"]) == ("Luz", True)


async def test_what_is_left_out_at_the_registration_is_not_known(yabot: AsyncClient) -> None:
    registered = await yabot.register_user(user_id="4242", first_name="Lucía")
    unknown = {"last_name": None, "username": None, "language_code": None}
    assert registered["profile"] == {"first_name": "Lucía", **unknown}


async def test_who_is_there_is_not_registered_again(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    with pytest.raises(UserExists):
        await register(yabot, ana.user_id)
    assert (await ana.user()).profile.first_name == "Ana"


async def test_ten_registrations_at_once_make_one_user(
    yabot: AsyncClient, harness: Harness
) -> None:
    asking = (register(yabot) for _ in range(10))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(each, UserExists) for each in answers) == 9
    assert await kinds(harness, "4242") == ["user_registered"]


async def test_the_same_registration_again_has_the_same_answer(api: ApiClient) -> None:
    first = await api.post("/users", LUCIA, key="one")
    again = await api.post("/users", LUCIA, key="one")
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_id": "0"},
        {"user_id": "007"},
        {"user_id": 4242},
        {"user_id": "9999999999999999"},
        {"first_name": ""},
        {"first_name": "x" * 65},
        {"username": "@lucia"},
        {"username": "a b"},
        {"language_code": "english"},
        {"is_active": False},
    ],
)
async def test_nobody_is_registered_as_telegram_would_not_tell_them(
    api: ApiClient, wrong: dict[str, Any]
) -> None:
    refused = await api.post("/users", {**LUCIA, **wrong})
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert (await api.get("/user/4242")).status == 404


async def test_a_user_is_read_as_of_one_version(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    first = await api.get(f"/user/{ana.user_id}")
    assert first.body["state"] == (await api.get(f"/user/{ana.user_id}/state")).body
    etag = first.headers["ETag"]
    assert (await api.get(f"/user/{ana.user_id}", If_None_Match=etag)).status == 304
    await api.put(f"/user/{ana.user_id}/profile", PROFILE)
    second = await api.get(f"/user/{ana.user_id}", If_None_Match=etag)
    assert (second.status, second.body["profile"]) == (200, PROFILE)


async def test_a_profile_is_replaced_and_told_of_by_names_alone(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    replaced = await correct(yabot, ana.user_id, language_code="PT_br")
    assert replaced.value == {**PROFILE, "language_code": "pt-br"}
    assert await yabot.get_user_profile(ana.user_id) == replaced
    (told,) = await ana.events(UserUpdated)
    assert told["update_type"] == "profile"
    assert set(told["updated_fields"]) == {"first_name", "username", "language_code"}


async def test_an_equal_profile_is_no_change(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/profile"
    await api.put(path, (await api.get(path)).body)
    assert not await ana.events(UserUpdated)


async def test_a_profile_that_has_changed_since_is_not_replaced(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    etag = (await yabot.get_user_profile(ana.user_id)).etag
    # The state and what else SQL knows step on: that is nobody's conflict.
    harness.pass_time(hours=1)
    await ana.say("/language")
    await correct(yabot, ana.user_id, if_match=etag)
    with pytest.raises(PreconditionFailed):
        await correct(yabot, ana.user_id, if_match=etag)


async def test_of_two_who_have_read_the_same_profile_one_replaces_it(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/profile"
    etag = (await api.get(path)).headers["ETag"]
    faster = {**PROFILE, "first_name": "Luz"}
    door = OvertakenDoor(harness.services.commits, lambda: api.put(path, faster, If_Match=etag))
    async with serving(routes(harness.services, door)) as slower:
        late = await slower.put(path, PROFILE, If_Match=etag)
    assert (late.status, late.code) == (412, "precondition_failed")
    assert (await api.get(path)).body == faster


@pytest.mark.parametrize("part", ["profile", "preferences"])
async def test_no_answer_outlives_the_user_whom_it_is_about(
    api: ApiClient, harness: Harness, part: str
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/{part}"
    as_it_is = (await api.get(path)).body
    door = OvertakenDoor(harness.services.commits, ana.forget)
    async with serving(routes(harness.services, door)) as slower:
        answered = await slower.put(path, as_it_is)
    assert (answered.status, answered.code) == (404, "user_unknown")


@pytest.mark.criterion("1.3.5")
async def test_who_is_deleted_is_gone_and_remembered_as_forgotten(
    yabot: AsyncClient, harness: Harness, tmp_path: Path
) -> None:
    users = harness.services[UserService]
    users.forgotten = ForgottenList(tmp_path)
    ana = await harness.join()
    registered = (await ana.user()).profile.registration_date
    await yabot.delete_user(ana.user_id, reason="inactive")
    with pytest.raises(UserUnknown):
        await yabot.get_user(ana.user_id)
    *_, (last, payload) = [(each["event_type"], each) for each in await ana.events()]
    assert (last, payload["deletion_reason"]) == ("user_deleted", "inactive")
    assert (await users.forgotten.read()).has(ana.user_id, registered)


async def test_a_deletion_that_is_asked_for_again_is_the_same(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    await api.delete(f"/user/{ana.user_id}", Idempotency_Key="one")
    again = await api.delete(f"/user/{ana.user_id}", Idempotency_Key="one")
    assert (again.status, again.headers["Idempotent-Replayed"]) == (204, "true")
    other = await api.delete(f"/user/{ana.user_id}")
    assert (other.status, other.code) == (404, "user_unknown")


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("preferences", {"language": "en", "notifications_enabled": True, "theme": "dark"}),
        ("profile", PROFILE),
    ],
)
async def test_a_deletion_that_is_overtaken_is_not_made_later_either(
    api: ApiClient, harness: Harness, tmp_path: Path, part: str, body: object
) -> None:
    users = harness.services[UserService]
    ana = await harness.join()
    registered = (await ana.user()).profile.registration_date
    users.forgotten = ForgottenList(tmp_path)
    etag = (await api.get(f"/user/{ana.user_id}")).headers["ETag"]
    door = OvertakenDoor(
        harness.services.commits, lambda: api.put(f"/user/{ana.user_id}/{part}", body)
    )
    async with serving(routes(harness.services, door)) as overtaken:
        late = await overtaken.delete(f"/user/{ana.user_id}", If_Match=etag)
    assert (late.status, late.code) == (412, "precondition_failed")
    assert not (await users.forgotten.read()).has(ana.user_id, registered)


async def test_a_deletion_that_always_loses_is_not_made_later_either(
    api: ApiClient, harness: Harness, tmp_path: Path
) -> None:
    users = harness.services[UserService]
    users.forgotten = ForgottenList(tmp_path)
    ana = await harness.join()
    names = iter(f"Ana {n}" for n in range(MOST_DECISIONS))
    door = OvertakenDoor(
        harness.services.commits,
        lambda: api.put(f"/user/{ana.user_id}/profile", {**PROFILE, "first_name": next(names)}),
        times=MOST_DECISIONS,
    )
    async with serving(routes(harness.services, door)) as overtaken:
        refused = await overtaken.delete(f"/user/{ana.user_id}")
    assert (refused.status, refused.code) == (503, "too_busy")
    assert not (await users.forgotten.read()).registered


async def test_a_deletion_whose_key_was_just_used_is_not_made_later_either(
    api: ApiClient, harness: Harness, tmp_path: Path
) -> None:
    users = harness.services[UserService]
    users.forgotten = ForgottenList(tmp_path)
    ana, bob = await harness.join(), await harness.join()
    door = OvertakenDoor(
        harness.services.commits,
        lambda: api.put(f"/user/{bob.user_id}/profile", PROFILE, Idempotency_Key="one"),
    )
    async with serving(routes(harness.services, door)) as overtaken:
        refused = await overtaken.delete(f"/user/{ana.user_id}", Idempotency_Key="one")
    assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert not (await users.forgotten.read()).registered


async def test_who_has_moved_on_is_neither_deleted_nor_remembered(
    yabot: AsyncClient, harness: Harness, tmp_path: Path
) -> None:
    users = harness.services[UserService]
    users.forgotten = ForgottenList(tmp_path)
    ana = await harness.join()
    etag = (await yabot.get_user(ana.user_id)).etag
    await correct(yabot, ana.user_id)
    with pytest.raises(PreconditionFailed):
        await yabot.delete_user(ana.user_id, if_match=etag)
    assert not (await users.forgotten.read()).registered
    assert (await ana.user()).profile.first_name == "Lucía"


@pytest.mark.parametrize("reason", ["", "Not a word", "x" * 65])
async def test_a_reason_is_a_word(api: ApiClient, harness: Harness, reason: str) -> None:
    ana = await harness.join()
    refused = await api.delete(f"/user/{ana.user_id}?reason={reason}")
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert await ana.user()


async def test_who_was_deleted_can_be_registered_again_and_starts_anew(
    yabot: AsyncClient, harness: Harness
) -> None:
    await register(yabot)
    await yabot.put_user_preferences(
        "4242", language="es", notifications_enabled=False, theme="dark"
    )
    await yabot.delete_user("4242")
    again = await register(yabot)
    assert again["state"]["preferences"]["theme"] == "auto"
    assert await reader(harness).say("/menu")


PREFERENCES = {"language": "es", "notifications_enabled": False, "theme": "dark"}


async def test_preferences_are_read_as_they_were_written(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    written = await api.put(path, PREFERENCES)
    found = await api.get(path)
    assert (found.body, found.headers["ETag"]) == (PREFERENCES, written.headers["ETag"])
    assert (await api.get(path, If_None_Match=found.headers["ETag"])).status == 304


@pytest.mark.parametrize("language", ["fr", "EN", "en-gb", ""])
async def test_nobody_is_spoken_to_in_a_language_that_the_bot_lacks(
    api: ApiClient, harness: Harness, language: str
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/preferences"
    refused = await api.put(path, {**PREFERENCES, "language": language})
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert (await api.get(path)).body["language"] is None
