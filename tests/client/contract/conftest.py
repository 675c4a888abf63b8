"""The API of all features over real stores, for clients with tokens of their own."""

from collections.abc import AsyncIterator

import pytest

from tests.api.auth.conftest import House, house
from tests.api.client import serving
from tests.api.encryption.partner import Keys
from tests.client.contract.world import World
from tests.features.conftest import features, harness
from tests.features.harness import Harness
from tests.features.narrative.stories import SMALL_STORY
from yabot.api.encryption.exchange import Exchanges
from yabot.api.records.recorder import RequestRecorder
from yabot.app.api import offered
from yabot.app.features import FEATURES
from yabot.feature import collections_of
from yabot.features.items.demo import demo_items
from yabot.features.items.shelf import Shelf
from yabot.features.narrative.library import Library
from yabot.features.narrative.story import parse_story
from yabot.redaction import Redactor
from yabot.storage.documents.store import DocumentStore
from yabot_client import AsyncClient

__all__ = ["features", "harness", "house"]


@pytest.fixture
async def unreachable(documents: DocumentStore) -> DocumentStore:
    """For the harness: a MongoDB that answers, and holds a story and items."""
    await documents.ensure(collections_of(FEATURES))
    await Library(documents).replace(parse_story(SMALL_STORY, "tale.yaml"))
    await Shelf(documents).fill(demo_items())
    return documents


@pytest.fixture
async def world(harness: Harness, house: House) -> AsyncIterator[World]:
    recorder, keys = RequestRecorder(), Keys()
    exchanges = Exchanges(keys, house.used, house.judge)
    parts = offered(harness.services, harness.features, Redactor(), recorder)
    async with serving(
        *parts, recorder=recorder, authenticate=house.door, exchanges=exchanges
    ) as api:
        yield await World.prepared(str(api.session._base_url), harness, house, keys)


@pytest.fixture
async def yabot(world: World) -> AsyncIterator[AsyncClient]:
    """The client of a service that may do everything."""
    service = await world.everything()
    async with AsyncClient(world.url, **service.identity) as client:
        yield client
