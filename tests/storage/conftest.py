from tests.storage.fixtures import (
    commits,
    database,
    documents,
    migrated_sqlite,
    new_database,
    new_documents,
    new_postgres,
    new_sqlite,
    postgres_database,
    postgres_server,
    sqlite_database,
)

__all__ = [
    "commits",
    "database",
    "documents",
    "migrated_sqlite",
    "new_database",
    "new_documents",
    "new_postgres",
    "new_sqlite",
    "postgres_database",
    "postgres_server",
    "sqlite_database",
]
