"""A listener on an empty database, and programs that are delivered to."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.conftest import bot_settings, forks, new_program, telegram
from tests.storage.fixtures import migrated_sqlite, new_sqlite, sqlite_database
from tests.webhook.listener import Listener, listening
from yabot.storage.relational.database import Database

__all__ = [
    "bot_settings",
    "forks",
    "migrated_sqlite",
    "new_program",
    "new_sqlite",
    "sqlite_database",
    "telegram",
]


@pytest.fixture
async def listener(sqlite_database: Database) -> AsyncIterator[Listener]:
    async with listening(sqlite_database) as started:
        yield started
