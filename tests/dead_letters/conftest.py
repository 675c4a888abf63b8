from tests.bus.conftest import redis
from tests.e2e.conftest import forks, new_program
from tests.storage.fixtures import (
    commits,
    database,
    migrated_sqlite,
    new_database,
    new_postgres,
    new_sqlite,
    postgres_server,
)

__all__ = [
    "commits",
    "database",
    "forks",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_program",
    "new_sqlite",
    "postgres_server",
    "redis",
]
