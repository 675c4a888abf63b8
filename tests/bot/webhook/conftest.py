"""A listener on an empty database, and programs that are delivered to."""

from collections.abc import AsyncIterator

import pytest

from tests.bot.webhook.listener import Listener, listening
from yabot.storage.relational.database import Database


@pytest.fixture
async def listener(sqlite_database: Database) -> AsyncIterator[Listener]:
    async with listening(sqlite_database) as started:
        yield started
