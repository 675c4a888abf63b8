"""Configuration: environment variables, checked once, as frozen sections."""

from yabot.settings.api import ApiSettings
from yabot.settings.logs import LoggingSettings
from yabot.settings.manager import ConfigManager
from yabot.settings.model import Settings
from yabot.settings.mongodb import MongoSettings
from yabot.settings.redis import RedisSettings
from yabot.settings.sql import SqlSettings
from yabot.settings.telegram import TelegramSettings

__all__ = [
    "ApiSettings",
    "ConfigManager",
    "LoggingSettings",
    "MongoSettings",
    "RedisSettings",
    "Settings",
    "SqlSettings",
    "TelegramSettings",
]
