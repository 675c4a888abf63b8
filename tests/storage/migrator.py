"""A process that prepares the PostgreSQL database named by its argument, as `yabot run` does."""

import sys

from tests.storage.fixtures import FEATURES, PARTITIONS
from yabot.settings import Settings
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.stores import upgrade_tables

if __name__ == "__main__":
    database = PostgresDatabase(sys.argv[1], pool_size=1, timeout_ms=5000)
    print("ready", flush=True)
    sys.stdin.readline()
    upgrade_tables(database, Settings(bus_partitions=PARTITIONS), FEATURES)
