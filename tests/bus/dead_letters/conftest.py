from tests.bus.conftest import redis
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
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "redis",
]
