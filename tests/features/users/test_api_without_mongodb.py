"""MongoDB away: what needs it says so, and whoever asks for anything else is answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import delete

from tests.api.client import ApiClient, served
from tests.features.harness import Harness, HarnessReader
from yabot.app.features import FEATURES
from yabot.log.tables import doc_changes
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

PREFERENCES = {"language": "en", "notifications_enabled": False, "theme": "dark"}


@pytest.fixture
async def ana(harness: Harness) -> HarnessReader:
    """Her document waits in SQL no more."""

    def arrive(connection: Any) -> None:
        connection.execute(delete(doc_changes))

    ana = await harness.join()
    await harness.services.database.write(arrive)
    return ana


@pytest.fixture
async def cut_off(
    ana: HarnessReader, sqlite_database: Database, unreachable: DocumentStore
) -> AsyncIterator[ApiClient]:
    """Another process, which has not seen her document yet."""
    other = await Harness.open(FEATURES, sqlite_database, unreachable)
    async with served(other.services, other.features) as client:
        yield client


@pytest.mark.standard
async def test_what_needs_her_document_can_be_asked_for_again_later(
    cut_off: ApiClient, ana: HarnessReader
) -> None:
    path = f"/user/{ana.user_id}"
    item = {"item_id": "boat"}
    # All at once: the driver looks for its server for half a second at least.
    for refused in await asyncio.gather(
        cut_off.get(path),
        cut_off.get(f"{path}/state"),
        cut_off.get(f"{path}/preferences"),
        cut_off.put(f"{path}/preferences", PREFERENCES),
        cut_off.get(f"{path}/inventory"),
        cut_off.post(f"{path}/inventory/grant", item),
        cut_off.post(f"{path}/inventory/take", item),
        cut_off.get("/items"),
        cut_off.get("/items/boat"),
    ):
        assert (refused.status, refused.code) == (503, "store_unavailable")
        assert refused.headers["Retry-After"] == "1"


@pytest.mark.standard
async def test_what_is_in_sql_is_answered(cut_off: ApiClient, ana: HarnessReader) -> None:
    path = f"/user/{ana.user_id}"
    award = await cut_off.post(f"{path}/besitos/award", {"amount": 1, "reason": "quiz"})
    for answered in (
        award,
        await cut_off.get(f"{path}/besitos"),
        await cut_off.get(f"{path}/besitos/movements"),
        await cut_off.get(f"{path}/profile"),
        await cut_off.get("/users"),
    ):
        assert answered.status == 200
    assert (await cut_off.get("/user/4242/state")).status == 404
    assert (await cut_off.delete(path)).status == 204


async def test_who_has_the_state_is_told_so_from_sql_alone(
    api: ApiClient, cut_off: ApiClient, ana: HarnessReader
) -> None:
    for path in (f"/user/{ana.user_id}", f"/user/{ana.user_id}/state"):
        # The process that has written it has it still.
        etag = (await api.get(path)).headers["ETag"]
        assert (await cut_off.get(path, If_None_Match=etag)).status == 304


async def test_what_could_not_be_done_is_no_answer_to_the_same_request(
    api: ApiClient, cut_off: ApiClient, ana: HarnessReader
) -> None:
    path = f"/user/{ana.user_id}/preferences"
    refused = await cut_off.put(path, PREFERENCES, Idempotency_Key="one")
    assert refused.status == 503
    done = await api.put(path, PREFERENCES, Idempotency_Key="one")
    assert (done.status, done.body) == (200, PREFERENCES)
    assert "Idempotent-Replayed" not in done.headers
