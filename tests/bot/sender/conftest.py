"""A sender on a real log, and a server that records what it sends."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.sender.desk import Desk, at_the_desk
from tests.bot.sender.recorder import Recorder
from yabot.storage.relational.database import Database


@pytest.fixture
async def desk(sqlite_database: Database, recorder: Recorder) -> AsyncIterator[Desk]:
    """Without limits; whatever runs when the test ends is left alone."""
    async with at_the_desk(sqlite_database, recorder, limits=None) as opened:
        yield opened
