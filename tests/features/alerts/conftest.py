from tests.e2e.conftest import bot_settings, forks, new_program, telegram
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
    "bot_settings",
    "database",
    "forks",
    "migrated_sqlite",
    "new_database",
    "new_postgres",
    "new_program",
    "new_sqlite",
    "postgres_server",
    "telegram",
    "unreachable",
]
