import pytest

from tests.coordinator.shop import Shop
from yabot.storage.relational.database import Database


@pytest.fixture
async def shop(database: Database) -> Shop:
    opened = Shop(database)
    await opened.open()
    return opened
