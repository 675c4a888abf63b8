from collections.abc import AsyncIterator

import pytest

from tests.e2e.program import Program
from tests.features.shop.counter import Customer
from tests.features.shop.trade import Trade, open_trade
from tests.storage.fixtures import NewDatabase
from yabot.playground.client import PlaygroundClient
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.fixture
async def trade(database: Database, documents: DocumentStore) -> Trade:
    """A shop with things on its shelf and nobody in it."""
    return await open_trade(database, documents)


@pytest.fixture
async def rivals(new_postgres: NewDatabase, documents: DocumentStore) -> tuple[Trade, Trade]:
    """Two processes on one PostgreSQL."""
    first, second = new_postgres(), new_postgres()
    return await open_trade(first, documents), await open_trade(second, documents)


@pytest.fixture
async def lucia(playing: Program) -> AsyncIterator[Customer]:
    """She has twenty besitos."""
    async with PlaygroundClient(playing.url) as client:
        yield await Customer.new(playing.stores, client, 20)
