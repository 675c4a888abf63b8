"""While MongoDB is away nobody knows the story: that is 503, and never 404."""

from collections.abc import AsyncIterator

import pytest

from tests.api.client import ApiClient
from tests.features.harness import Harness
from tests.storage.dumps import rows_of
from tests.storage.fixtures import mongodb_away
from yabot.features.narrative.tables import fragment_changes
from yabot.storage.documents.store import DocumentStore


@pytest.fixture
async def unreachable() -> AsyncIterator[DocumentStore]:
    async with mongodb_away() as store:
        yield store


async def test_what_needs_the_story_is_asked_for_again_later(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    for path in ("/narrative", "/narrative/gate", f"/user/{ana.user_id}/choices"):
        answered = await api.get(path)
        assert (answered.status, answered.code) == (503, "store_unavailable")
        assert "Retry-After" in answered.headers


async def test_nothing_of_it_is_replaced(api: ApiClient, harness: Harness) -> None:
    page = {"title": {"en": "The gate"}, "content": {"en": "Shut."}}
    refused = await api.put("/narrative/gate", page, If_Match="*")
    assert (refused.status, refused.code) == (503, "store_unavailable")
    assert await rows_of(harness.services.database, fragment_changes) == []


async def test_who_is_unknown_is_unknown_without_it(api: ApiClient) -> None:
    assert (await api.get("/user/4242/choices")).code == "user_unknown"
