from collections.abc import AsyncIterator

import pytest

from tests.features.users.storage.world import World, new_world
from tests.log.following import following
from yabot.log.document_follower import DocumentFollower
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
def world(database: Database, documents: DocumentStore) -> World:
    """No follower runs: documents wait as rows of SQL."""
    return new_world(database, documents)


@pytest.fixture
async def follower(world: World, documents: DocumentStore) -> AsyncIterator[DocumentFollower]:
    """For tests in which documents come to MongoDB."""
    async with following(world.services.commits, documents) as running:
        yield running
