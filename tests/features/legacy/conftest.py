import pytest

from tests.features.legacy.house import House, new_house
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
def house(database: Database, documents: DocumentStore) -> House:
    """On either SQL."""
    return new_house(database, documents)


@pytest.fixture
def sqlite_house(sqlite_database: Database, documents: DocumentStore) -> House:
    return new_house(sqlite_database, documents)
