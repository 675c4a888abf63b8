"""A process that makes the log's tables in the PostgreSQL database named by its argument."""

import sys

from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import Schema, settle_partitions

if __name__ == "__main__":
    database = PostgresDatabase(sys.argv[1], pool_size=1, timeout_ms=5000)
    print("ready", flush=True)
    sys.stdin.readline()
    Schema.of((), ()).upgrade(database.engine)
    with database.engine.begin() as connection:
        settle_partitions(connection, 16)
