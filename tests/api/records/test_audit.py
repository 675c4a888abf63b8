"""The audit over HTTP: on both databases, by kind, user and time, the newest first."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from tests.api.client import ApiClient, serving
from yabot import clock
from yabot.api.operations.cursors import Cursors
from yabot.api.records import audit
from yabot.clock import rfc3339, utc_now
from yabot.log.audit import audited
from yabot.redaction import Redactor
from yabot.storage.relational.database import Database


@pytest.fixture(autouse=True)
def time() -> Iterator[None]:
    """A test may let it pass."""
    began = clock.ahead()
    yield
    clock.set_ahead(began)


@pytest.fixture
async def api(database: Database) -> AsyncIterator[ApiClient]:
    """With four rows, an hour after each other."""
    for kind, user_id, details in (
        ("refund", "7", {"stars": 100, "reason": "support"}),
        ("dead_letters_discarded", None, {"letters": [4], "note": "the password is hush-hush"}),
        ("refund", "8", {"stars": 50, "reason": "expired"}),
        ("message_uncertain", "7", {"message": 3}),
    ):
        await database.write(audited(kind, details, user_id))
        clock.set_ahead(clock.ahead() + timedelta(hours=1))
    routes = audit.routes(database, Cursors(database), Redactor(["hush-hush"]))
    async with serving(routes) as client:
        yield client


async def ids(api: ApiClient, query: str) -> list[int]:
    return [each["id"] for each in (await api.get(f"/admin/audit?{query}")).body["items"]]


async def test_rows_are_shown_as_they_are_stored(api: ApiClient) -> None:
    newest, *_, oldest = (await api.get("/admin/audit")).body["items"]
    assert (newest["kind"], newest["user_id"]) == ("message_uncertain", "7")
    assert (oldest["id"], oldest["details"]) == (1, {"stars": 100, "reason": "support"})
    assert oldest["created_at"].endswith("Z")


async def test_what_an_operator_should_not_have_written_is_not_shown(api: ApiClient) -> None:
    (row,) = (await api.get("/admin/audit?kind=dead_letters_discarded")).body["items"]
    assert row["details"] == {"letters": [4], "note": "the password is ***"}


async def test_they_are_chosen_by_kind_user_and_time(api: ApiClient) -> None:
    assert await ids(api, "kind=refund") == [3, 1]
    assert await ids(api, "user_id=7") == [4, 1]
    assert await ids(api, "kind=refund&user_id=8") == [3]
    half_past = rfc3339(utc_now() - timedelta(hours=2.5))
    assert await ids(api, f"since={half_past}") == [4, 3]
    assert await ids(api, f"until={half_past}") == [2, 1]
    assert await ids(api, f"since={half_past}&until={half_past}") == []


async def test_page_by_page(api: ApiClient) -> None:
    first = (await api.get("/admin/audit?limit=3")).body
    second = (await api.get(f"/admin/audit?limit=3&after={first['next']}")).body
    assert [each["id"] for each in (*first["items"], *second["items"])] == [4, 3, 2, 1]
    assert second["next"] is None
    other = await api.get(f"/admin/audit?kind=refund&after={first['next']}")
    assert (other.status, other.code) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    "moment", ["1764322200", "2026-13-28T09:30:00Z", "2026-11-28", "0001-01-01T00:00:00Z", "x"]
)
async def test_a_moment_is_written_in_one_way(api: ApiClient, moment: str) -> None:
    assert (await api.get(f"/admin/audit?since={moment}")).code == "invalid_request"


async def test_only_administrators_look(api: ApiClient) -> None:
    api.scopes = ["users:read"]
    assert (await api.get("/admin/audit")).code == "scope_missing"
    assert (await api.ask("DELETE", "/admin/audit")).status == 405
