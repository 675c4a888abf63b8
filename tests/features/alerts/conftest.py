from tests.features.users.storage.conftest import unreachable
from tests.storage.fixtures import (
    database,
    migrated_sqlite,
    new_database,
    new_postgres,
    new_sqlite,
    postgres_server,
)

__all__ = [
    "database",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "unreachable",
]
