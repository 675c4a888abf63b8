"""Updates as one process of the bot handles them, on a real log and before a recording Telegram."""

from tests.bot.sender.conftest import recorder
from tests.storage.fixtures import new_postgres, postgres_server

__all__ = ["new_postgres", "postgres_server", "recorder"]
