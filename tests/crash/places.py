"""Where a test and its programs work: an SQL database, a MongoDB database and a Redis."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.deeds import FEATURES
from tests.storage.fixtures import PARTITIONS
from yabot.app.stores import Stores
from yabot.bus.connection import connect
from yabot.bus.groups.positions import declare_groups
from yabot.feature import group_names
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.sqlite import SqliteDatabase

__all__ = ["PARTITIONS", "Addresses", "open_sql", "opened"]

# For whoever only looks on, and has nobody to give up for.
TIMEOUT_MS = 20_000
# Nobody takes SQL away; but who is stopped in a transaction holds up the others for so long.
SQL_TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Addresses:
    # A file's path, or a URL.
    sql: str
    mongodb: str
    mongodb_database: str
    redis: str


def open_sql(address: str, timeout_ms: int) -> Database:
    if address.startswith("postgresql"):
        return PostgresDatabase(address, pool_size=4, timeout_ms=timeout_ms)
    return SqliteDatabase(Path(address), pool_size=4, timeout_ms=timeout_ms)


@asynccontextmanager
async def opened(addresses: Addresses, timeout_ms: int = TIMEOUT_MS) -> AsyncIterator[Stores]:
    """Closed in reverse order; the groups are known."""
    async with AsyncExitStack() as stack:
        documents = DocumentStore(
            addresses.mongodb,
            addresses.mongodb_database,
            max_pool_size=10,
            timeout_ms=timeout_ms,
        )
        stack.push_async_callback(documents.close)
        redis = connect(addresses.redis, password=None, max_pool_size=10, timeout_ms=timeout_ms)
        stack.push_async_callback(redis.aclose)
        database = open_sql(addresses.sql, max(timeout_ms, SQL_TIMEOUT_MS))
        stack.push_async_callback(database.close)
        await database.open()
        await database.write(declare_groups(group_names(FEATURES)))
        yield Stores(database, documents, redis)
