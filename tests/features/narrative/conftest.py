from tests.storage.fixtures import (
    documents,
    migrated_sqlite,
    new_documents,
    new_sqlite,
    sqlite_database,
)

__all__ = ["documents", "migrated_sqlite", "new_documents", "new_sqlite", "sqlite_database"]
