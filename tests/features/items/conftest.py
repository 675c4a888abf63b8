from tests.storage.fixtures import (
    database,
    documents,
    migrated_sqlite,
    new_database,
    new_documents,
    new_postgres,
    new_sqlite,
    postgres_server,
    sqlite_database,
)

__all__ = [
    "database",
    "documents",
    "migrated_sqlite",
    "new_database",
    "new_documents",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "sqlite_database",
]
