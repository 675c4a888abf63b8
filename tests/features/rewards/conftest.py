import pytest

from tests.features.rewards.house import STORY, House, open_house
from tests.storage.fixtures import (
    database,
    documents,
    migrated_sqlite,
    new_database,
    new_documents,
    new_postgres,
    new_sqlite,
    postgres_server,
)
from yabot.features.narrative.library import Library
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

__all__ = [
    "database",
    "documents",
    "migrated_sqlite",
    "new_database",
    "new_documents",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
]


@pytest.fixture
async def told(documents: DocumentStore) -> DocumentStore:
    """With the story in it."""
    await Library(documents).replace(STORY)
    return documents


@pytest.fixture
async def house(database: Database, told: DocumentStore) -> House:
    """With nobody in it."""
    return await open_house(database, told)
