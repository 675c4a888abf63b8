"""Another service beside the chat of the real program: it reads what readers do, and changes it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tests.api.running import service_of
from tests.e2e.player import Player, scenes
from tests.e2e.program import Program
from tests.e2e.reader import Reader, readers
from tests.features.subscriptions.shop import buy
from tests.waiting import until, wait_until
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]

PREFIX = "/api/v1"
# As an id of Telegram's that the playground gives to nobody.
NOBODY = "4503599627370495"
PREFERENCES = {"language": "en", "notifications_enabled": False, "theme": "dark"}
MOMENTS = ("created_at", "updated_at")


async def read_a_page(reader: Reader) -> None:
    """Begin the story, so that there is progress to be told of."""
    await reader.ask("/start")
    await reader.press("story")


def stored(program: Program, reader: Reader, version: int) -> Json:
    """The reader's document in MongoDB, when that version has arrived there."""
    wait_until(lambda: (program.stores.document(reader.user_id) or {}).get("version") == version)
    document = program.stores.document(reader.user_id)
    assert document is not None
    return document


@pytest.mark.criterion("4.2.1")
async def test_the_state_is_the_whole_document_in_mongodb(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await read_a_page(reader)
        answered = await service.get(f"/user/{reader.user_id}/state")
        assert answered.status == 200
        context = answered.body
        document = stored(playing, reader, context["version"])
    assert context.pop("user_id") == document.pop("_id") == str(reader.user_id)
    for name in MOMENTS:
        shown, kept = datetime.fromisoformat(context.pop(name)), document.pop(name)
        # MongoDB keeps milliseconds.
        assert abs(shown.replace(tzinfo=None) - kept).total_seconds() < 0.001
    assert context["current_state"]["narrative_progress"]["current_fragment"]
    assert context == document


@pytest.mark.criterion("4.2.2")
async def test_a_fragment_is_given_with_its_metadata_as_readers_have_it(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        player = Player(playing.stores, reader)
        await player.begin()
        await player.to("envelope")
        state = (await service.get(f"/user/{reader.user_id}/state")).body["current_state"]
        here = state["narrative_progress"]["current_fragment"]
        answered = await service.get(f"/narrative/{here}")
        assert answered.status == 200
        fragment = answered.body
        shown = scenes(await reader.chat())[-1]
        assert fragment["title"]["es"] in shown["text"]
        buttons = str(shown["reply_markup"])
        for choice in (await service.get(f"/user/{reader.user_id}/choices")).body["choices"]:
            assert f"c:{here}:{choice['id']}" in buttons
    stored = playing.stores.mongodb.narrative_fragments.find_one({"_id": here})
    assert stored is not None
    assert answered.headers["X-Story-Revision"] == stored["revision"]
    assert fragment["fragment_id"] == here
    for name in ("title", "content", "choices", "metadata"):
        assert fragment[name] == stored[name]
    assert {"vip_required", "difficulty", "tags", "reactions"} <= fragment["metadata"].keys()


@pytest.mark.criterion("4.2.4")
async def test_a_subscription_is_what_sql_holds_of_it_now(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await reader.ask("/start")
        path = f"/user/{reader.user_id}/subscription"
        free = (await service.get(path)).body
        assert (free["plan_type"], free["status"], free["access"]) == ("free", "active", False)
        await buy(reader, "premium")
        bought = (await service.get(path)).body
        row = subscription_row(playing, reader)
        for name in ("plan_type", "status", "start_date", "end_date"):
            assert bought[name] == row[name]
        assert (bought["plan_type"], bought["access"]) == ("premium", True)
        of_reader = "WHERE user_id = ?"
        # One that was written down later, and has ended, hides nothing.
        playing.stores.change(
            "INSERT INTO subscriptions"
            " (user_id, plan_type, status, start_date, end_date, created_at, updated_at)"
            " SELECT user_id, 'vip', 'expired', start_date, start_date, created_at, updated_at"
            f" FROM subscriptions {of_reader}",
            str(reader.user_id),
        )
        assert (await service.get(path)).body == bought
        for change, expected in (
            ("status = 'cancelled'", ("cancelled", True)),
            ("end_date = start_date", ("cancelled", False)),
        ):
            playing.stores.change(
                f"UPDATE subscriptions SET {change} {of_reader}", str(reader.user_id)
            )
            found = (await service.get(path)).body
            assert (found["status"], found["access"]) == expected


def subscription_row(program: Program, reader: Reader) -> Json:
    query = "SELECT * FROM subscriptions WHERE user_id = ?"
    (row,) = program.stores.rows(query, str(reader.user_id))
    return row


@pytest.mark.criterion("4.2.3")
async def test_preferences_that_a_service_changes_are_in_mongodb_and_in_the_chat(
    playing: Program,
) -> None:
    async with PlaygroundClient(playing.url) as client, service_of(playing) as service:
        reader = await Reader.new(client, "Lucía", "es")
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola")
        confirmed = await service.put(f"/user/{reader.user_id}/preferences", PREFERENCES)
        assert (confirmed.status, confirmed.body) == (200, PREFERENCES)
        found = await service.get(f"/user/{reader.user_id}/state")
        document = stored(playing, reader, found.body["version"])
        assert document["preferences"] == PREFERENCES
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hello")
        (notices,) = await reader.ask("/notices")
        assert "notices:on" in str(notices)


def named_resources() -> Iterator[str]:
    """Each path that names something, with a name that nothing has."""
    for path, methods in openapi_document(FEATURES)["paths"].items():
        asked = methods.get("get", {})
        parameters = [each for each in asked.get("parameters", []) if each["in"] == "path"]
        if parameters and "404" in asked["responses"]:
            values = {each["name"]: _nothing(each) for each in parameters}
            yield path.removeprefix(PREFIX).format(**values)


def _nothing(parameter: Json) -> str:
    if parameter["name"] == "user_id":
        return NOBODY
    return "2147483647" if parameter["schema"]["type"] == "integer" else "nowhere"


@pytest.mark.criterion("4.2.5")
async def test_what_does_not_exist_is_404_with_what_helps(playing: Program) -> None:
    paths = list(named_resources())
    asked_for = {"state", "subscription", "preferences", "inventory"}
    assert {f"/user/{NOBODY}/{part}" for part in asked_for} | {"/narrative/nowhere"} <= {*paths}
    async with service_of(playing) as service:
        for path in paths:
            answered = await service.get(path)
            assert answered.status == 404, path
            assert answered.headers["Content-Type"] == "application/problem+json"
            # Not that there is no such path.
            assert answered.code.endswith("_unknown"), path
            assert answered.code != "path_unknown"
            assert len(answered.body["detail"].split()) >= 4
        for changed in (
            await service.put(f"/user/{NOBODY}/preferences", PREFERENCES),
            await service.delete(f"/user/{NOBODY}"),
        ):
            assert (changed.status, changed.code) == (404, "user_unknown")
            assert "POST /api/v1/users" in changed.body["detail"]


async def test_besitos_and_items_of_a_service_are_in_the_chat(playing: Program) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await reader.ask("/start")
        path = f"/user/{reader.user_id}"
        awarded = await service.post(f"{path}/besitos/award", {"amount": 2, "reason": "quiz"})
        assert awarded.status == 200
        (said,) = await reader.ask("/balance")
        assert "+2" in said["text"]
        (item, *_) = (await service.get("/items")).body["items"]
        granted = await service.post(f"{path}/inventory/grant", {"item_id": item["item_id"]})
        assert granted.body == {"items": [{"item_id": item["item_id"], "quantity": 1}]}
        (said,) = await reader.ask("/shop")
        assert item["name"]["es"] in said["text"]


async def test_who_is_registered_by_a_service_is_greeted_as_new_when_they_write(
    playing: Program,
) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        registered = {"user_id": str(reader.user_id), "first_name": "Somebody"}
        assert (await service.post("/users", registered)).status == 201
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola, Lucía")
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola otra vez, Lucía")
        assert (await service.delete(f"/user/{reader.user_id}?reason=moved_away")).status == 204
        wait_until(lambda: playing.stores.document(reader.user_id) is None)
        (hello,) = await reader.ask("/start")
        assert hello["text"].startswith("Hola, Lucía")


async def test_operators_follow_a_reader_through_workflows_audit_and_requests(
    playing: Program,
) -> None:
    async with readers(playing.url, "Lucía") as (reader,), service_of(playing) as service:
        await reader.ask("/start")
        await buy(reader, "premium")
        await service.post(f"/user/{reader.user_id}/besitos/award", {"amount": 2, "reason": "quiz"})

        async def workflows() -> list[Json]:
            found = await service.get(f"/admin/workflows?user_id={reader.user_id}")
            items: list[Json] = found.body["items"]
            return items

        async def is_followed() -> bool:
            return bool(await workflows())

        await until(is_followed)
        (running,) = await workflows()
        shown = (await service.get(f"/admin/workflows/{running['id']}")).body
        assert (shown["user_id"], shown["error"]) == (str(reader.user_id), None)
        subscription = (await service.get(f"/user/{reader.user_id}/subscription")).body
        # They are reminded before it ends.
        assert shown["created_at"] < shown["deadline"] < subscription["end_date"]
        resumed = await service.post(f"/admin/workflows/{running['id']}/resume")
        assert (resumed.status, resumed.code) == (409, "workflow_not_stuck")

        audit = (await service.get(f"/admin/audit?user_id={reader.user_id}")).body["items"]
        (told,) = [each["details"] for each in audit if each["kind"] == "api_request"]
        by = told["by"].removeprefix("service:")
        assert told["operation"] == "award_besitos"
        requests = (await service.get(f"/admin/requests?service={by}&limit=200")).body
        refused = {each["correlation_id"]: each for each in requests["refused"]}
        mine = refused[resumed.headers["X-Correlation-Id"]]
        assert (mine["code"], mine["operation"]) == ("workflow_not_stuck", "resume_workflow")
        assert {"award_besitos", "resume_workflow"} <= {e["operation"] for e in requests["asked"]}
        groups = (await service.get("/admin/subscriber-groups")).body["groups"]
        assert {"subscriptions", "rewards"} <= {each["name"] for each in groups}
        assert (await service.get("/admin/dead-letter-groups")).status == 200
