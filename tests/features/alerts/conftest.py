from tests.storage.fixtures import (
    database,
    migrated_sqlite,
    new_database,
    new_postgres,
    new_sqlite,
    postgres_server,
)
from tests.storage.users.conftest import unreachable

__all__ = [
    "database",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "unreachable",
]
