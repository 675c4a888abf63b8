import pytest

from tests.e2e.conftest import bot_settings, forks, mortal, new_program, outlived, playing, telegram
from tests.features.rewards.house import STORY, House, open_house
from tests.outages.conftest import mortal_mongod, mortal_valkey, new_world
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
    "bot_settings",
    "database",
    "documents",
    "forks",
    "migrated_sqlite",
    "mortal",
    "mortal_mongod",
    "mortal_valkey",
    "new_database",
    "new_documents",
    "new_postgres",
    "new_program",
    "new_sqlite",
    "new_world",
    "outlived",
    "playing",
    "postgres_server",
    "telegram",
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
