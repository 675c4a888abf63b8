from collections.abc import AsyncIterator

import pytest

from tests.features.besitos.ledger import Ledger
from tests.features.users.storage import world
from tests.storage.fixtures import NewDatabase, mongodb_away
from yabot.storage.relational.database import Database


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[Ledger]:
    """With nobody in it, and MongoDB away: the ledger needs none."""
    async with mongodb_away() as store:
        yield Ledger(world.new_world(database, store))


@pytest.fixture
async def rivals(new_postgres: NewDatabase) -> AsyncIterator[tuple[Ledger, Ledger]]:
    """Two processes on one PostgreSQL."""
    async with mongodb_away() as store:
        yield (
            Ledger(world.new_world(new_postgres(), store)),
            Ledger(world.new_world(new_postgres(), store)),
        )
