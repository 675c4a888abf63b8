"""What a process does that makes the log's tables, at the same time as others."""

from multiprocessing.synchronize import Barrier

from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import Schema, settle_partitions


def migrate_together(url: str, together: Barrier) -> None:
    database = PostgresDatabase(url, pool_size=1, timeout_ms=5000)
    together.wait()
    Schema.of((), ()).upgrade(database.engine)
    with database.engine.begin() as connection:
        settle_partitions(connection, 16)
