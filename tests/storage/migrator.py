"""What a process does that makes the log's tables, at the same time as others."""

from multiprocessing.synchronize import Barrier

from tests.storage.fixtures import PATIENCE_MS
from yabot.app.stores import schema_of
from yabot.log.partitions import ensure_partitions
from yabot.storage.relational.postgres import PostgresDatabase


def migrate_together(url: str, together: Barrier) -> None:
    database = PostgresDatabase(url, pool_size=1, timeout_ms=PATIENCE_MS)
    together.wait()
    schema_of(()).upgrade(database.engine)
    with database.engine.begin() as connection:
        ensure_partitions(connection, 16)
