"""Updates as one process of the bot handles them, on a real log and before a recording Telegram."""

from tests.bot.sender.conftest import recorder
from tests.storage.fixtures import (
    migrated_sqlite,
    new_postgres,
    new_sqlite,
    postgres_server,
    sqlite_database,
)

__all__ = [
    "migrated_sqlite",
    "new_postgres",
    "new_sqlite",
    "postgres_server",
    "recorder",
    "sqlite_database",
]
