import pytest

from tests.coordinator.shop import Shop
from yabot.coordinator import wakeups
from yabot.storage.relational.database import Database


@pytest.fixture(autouse=True)
def _long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that none ends before a test lets time pass: ten minutes, and twice that the next time."""
    monkeypatch.setattr(wakeups, "FIRST_PAUSE", 600.0)


@pytest.fixture
async def shop(database: Database) -> Shop:
    opened = Shop(database)
    await opened.open()
    return opened
