"""What production refuses, and what it does not mind."""

import pytest

from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager

pytestmark = pytest.mark.criterion("5.2.5")
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SOUND = {
    "YABOT_ENV": "production",
    "BOT_TOKEN": TOKEN,
    "MONGODB_URI": "mongodb+srv://u:p@cluster.example.org",
    "DATABASE_URL": "postgresql://u:p@sql.example.org/yabot?sslmode=verify-full",
    "REDIS_URL": "rediss://:p@redis.example.org",
    "WEBHOOK_URL": "https://bot.example.org/telegram",
    "WEBHOOK_SECRET": "secret",
}


def problems(**changes: str) -> list[str]:
    try:
        ConfigManager(SOUND | changes, None).load()
    except ConfigurationError as error:
        return [line.partition(";")[0] for line in error.problems]
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"MONGODB_URI": "embedded", "REDIS_URL": "embedded", "DATABASE_URL": ""},
        {"MONGODB_URI": "mongodb://127.0.0.1,[::1]:27018", "REDIS_URL": "redis://localhost"},
        {"MONGODB_URI": "mongodb://u:p@db.example.org/?tls=true"},
        {"MONGODB_URI": "mongodb://db.example.org/?tls=true&authMechanism=MONGODB-X509"},
        {"DATABASE_URL": "postgresql:///yabot?host=/run/postgresql"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "rediss://redis.example.org", "REDIS_PASSWORD": "p"},
        {"WEBHOOK_URL": "", "WEBHOOK_SECRET": ""},
        {"TELEGRAM_API_URL": "http://127.0.0.1:8085"},
        {"TELEGRAM_API_URL": "https://api.example.org", "WEBHOOK_URL": "https://h:9000"},
    ],
)
def test_what_is_safe_is_accepted(changes: dict[str, str]) -> None:
    assert problems(**changes) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"BOT_TOKEN": ""}, "BOT_TOKEN: it is missing"),
        ({"MONGODB_URI": ""}, "MONGODB_URI: it is missing"),
        ({"REDIS_URL": ""}, "REDIS_URL: it is missing"),
        (
            {"MONGODB_URI": "mongodb://u:p@db.example.org"},
            "MONGODB_URI: the connection is not encrypted",
        ),
        (
            {"MONGODB_URI": "mongodb+srv://u:p@db.example.org/?tls=false"},
            "MONGODB_URI: the connection is not encrypted",
        ),
        (
            {"MONGODB_URI": "mongodb://127.0.0.1,db.example.org/?tls=true"},
            "MONGODB_URI: it has no credentials",
        ),
        (
            {"DATABASE_URL": "postgresql://u:p@sql.example.org/yabot?sslmode=prefer"},
            "DATABASE_URL: the connection is not encrypted",
        ),
        (
            {"DATABASE_URL": "postgresql://u:p@/yabot?host=sql.example.org"},
            "DATABASE_URL: the connection is not encrypted",
        ),
        (
            {"DATABASE_URL": "postgresql://u@sql.example.org/yabot?sslmode=require"},
            "DATABASE_URL: it has no password",
        ),
        ({"REDIS_URL": "redis://:p@r.example.org"}, "REDIS_URL: the connection is not encrypted"),
        ({"REDIS_URL": "rediss://redis.example.org"}, "REDIS_PASSWORD: it is missing"),
        (
            {
                "REDIS_URL": "redis://:p@localhost",
                "REDIS_SENTINELS": "s.example.org",
                "REDIS_SENTINEL_MASTER": "m",
            },
            "REDIS_URL: the connection is not encrypted",
        ),
        ({"WEBHOOK_URL": "http://bot.example.org:88"}, "WEBHOOK_URL: it is not encrypted"),
        (
            {"WEBHOOK_URL": "https://bot.example.org:9000"},
            "WEBHOOK_URL: Telegram does not call port 9000",
        ),
        (
            {"WEBHOOK_SECRET": ""},
            "WEBHOOK_SECRET: it is missing, so that anybody could deliver updates",
        ),
        (
            {"TELEGRAM_API_URL": "http://api.example.org"},
            "TELEGRAM_API_URL: the bot's token would travel unencrypted",
        ),
        (
            {"PLAYGROUND_PORT": "8081"},
            "PLAYGROUND_PORT: the playground does not run in production",
        ),
    ],
)
def test_what_is_unsafe_is_refused_with_a_sentence(changes: dict[str, str], told: str) -> None:
    assert problems(**changes) == [told]


def test_development_does_not_mind() -> None:
    assert problems(YABOT_ENV="development", MONGODB_URI="mongodb://db.example.org") == []
