import pytest

from tests.features.rewards.house import STORY, House, open_house
from yabot.features.narrative.library import Library
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
async def told(documents: DocumentStore) -> DocumentStore:
    """With the story in it."""
    await Library(documents).replace(STORY)
    return documents


@pytest.fixture
async def house(database: Database, told: DocumentStore) -> House:
    """With nobody in it."""
    return await open_house(database, told)
