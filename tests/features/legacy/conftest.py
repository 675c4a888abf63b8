from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.features.harness import Harness
from tests.features.legacy.house import House, new_house
from tests.features.legacy.side_by_side.both import Both, new_both
from yabot import clock
from yabot.app.features import FEATURES
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
def house(database: Database, documents: DocumentStore) -> House:
    """On either SQL."""
    return new_house(database, documents)


@pytest.fixture
def sqlite_house(sqlite_database: Database, documents: DocumentStore) -> House:
    """For what is the same on either."""
    return new_house(sqlite_database, documents)


@pytest.fixture
async def working(sqlite_database: Database, documents: DocumentStore) -> AsyncIterator[Harness]:
    """All features at work, subscribers too."""
    began = clock.ahead()
    yield await Harness.open(FEATURES, sqlite_database, documents)
    clock.set_ahead(began)


@pytest.fixture
def both(database: Database, documents: DocumentStore, tmp_path: Path) -> Both:
    """Nobody is anywhere yet."""
    (tmp_path / "db.json").write_text("{}")
    return new_both(database, documents, tmp_path)
