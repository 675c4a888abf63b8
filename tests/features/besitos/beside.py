"""A second process on the stores of a running program, for what nothing in the chat does yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.stores import PARTITIONS, Stores
from tests.features.besitos.ledger import Ledger
from tests.features.users.storage.world import new_world
from tests.storage.fixtures import PATIENCE_MS
from tests.waiting import wait_until
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.sqlite import SqliteDatabase


@asynccontextmanager
async def beside(stores: Stores) -> AsyncIterator[Ledger]:
    database = SqliteDatabase(stores.sqlite, pool_size=1, timeout_ms=PATIENCE_MS)
    documents = DocumentStore(
        stores.mongodb_uri, stores.mongodb.name, max_pool_size=1, timeout_ms=PATIENCE_MS
    )
    await database.open()
    try:
        world = new_world(database, documents)
        world.services.commits.partitions = PARTITIONS
        yield Ledger(world)
    finally:
        await documents.close()
        await database.close()


async def grant(stores: Stores, user_id: int, *amounts: int, reason: str = "moonlight") -> None:
    """As if the reader had earned them."""
    async with beside(stores) as ledger:
        for amount in amounts:
            await ledger.award(str(user_id), amount, reason=reason)


def until_told(stores: Stores) -> None:
    """Wait until rewards have said what they had to say of it: else they would say it later."""
    behind = (
        "SELECT count(*) FROM partitions JOIN group_positions USING (partition)"
        " WHERE name = 'rewards' AND pos < last_pos"
    )
    unsent = "SELECT count(*) FROM outgoing WHERE state = 'waiting'"
    wait_until(lambda: not stores.value(behind) and not stores.value(unsent))
