from collections.abc import AsyncIterator

import pytest

from tests.features.besitos.ledger import Ledger, unreachable
from tests.features.users.storage import world
from tests.storage.fixtures import (
    NewDatabase,
    database,
    documents,
    migrated_sqlite,
    new_database,
    new_documents,
    new_postgres,
    new_sqlite,
    postgres_server,
)
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
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """With nobody in it, and MongoDB away: the ledger needs none."""
    async with unreachable() as store:
        yield Ledger(world.new_world(database, store))


@pytest.fixture
async def rivals(new_postgres: NewDatabase) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes on one PostgreSQL."""
    async with unreachable() as store:
        yield (
            Ledger(world.new_world(new_postgres(), store)),
            Ledger(world.new_world(new_postgres(), store)),
        )
