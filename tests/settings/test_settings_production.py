"""What production refuses, and what it does not mind."""

import pytest

from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager

pytestmark = pytest.mark.criterion("5.2.5")
TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
PASSWORD = "correcthorse"
MONGODB = f"mongodb://u:{PASSWORD}@db.example.org/?tls=true"
POSTGRES = f"postgresql://u:{PASSWORD}@sql.example.org/yabot?sslmode="
REDIS = f"rediss://:{PASSWORD}@redis.example.org"
SENTINELS = {"REDIS_SENTINELS": "127.0.0.1,localhost", "REDIS_SENTINEL_MASTER": "m"}
SOUND = {
    "YABOT_ENV": "production",
    "BOT_TOKEN": TOKEN,
    "MONGODB_URI": f"mongodb+srv://u:{PASSWORD}@cluster.example.org",
    "DATABASE_URL": f"{POSTGRES}verify-full",
    "REDIS_URL": REDIS,
    "WEBHOOK_URL": "https://bot.example.org/telegram",
    "WEBHOOK_SECRET": "0123456789abcdef0123456789abcdef",
}
NOT_ENCRYPTED = "the connection is not encrypted"
ELSEWHERE = f"MONGODB_URI: {NOT_ENCRYPTED}, and a replica set's members may be elsewhere"


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
        {"MONGODB_URI": "mongodb://127.0.0.1/?directConnection=true"},
        {"MONGODB_URI": "mongodb://[::1]:27018/?directConnection=true&tls=true&tlsInsecure=true"},
        {"MONGODB_URI": "mongodb://%2Frun%2Fmongodb.sock/?directConnection=true"},
        {"MONGODB_URI": MONGODB},
        {"MONGODB_URI": f"{MONGODB}&tlsAllowInvalidCertificates=false"},
        {"MONGODB_URI": "mongodb://db.example.org/?tls=true&authMechanism=MONGODB-AWS"},
        {"DATABASE_URL": "postgresql:///yabot?host=/run/postgresql"},
        {"DATABASE_URL": "postgresql://u@localhost/yabot?hostaddr=127.0.0.1"},
        {"DATABASE_URL": "", "PGHOST": "sql.example.org"},
        {"REDIS_URL": "redis://localhost"},
        {"REDIS_URL": "unix:///run/redis.sock"},
        {"REDIS_URL": "rediss://redis.example.org", "REDIS_PASSWORD": PASSWORD},
        {"REDIS_URL": f"{REDIS}?ssl_cert_reqs=required&ssl_check_hostname=true"},
        SENTINELS,
        {"REDIS_CLUSTER": "true"},
        {"API_HOST": "::1"},
        # Of what comes from other machines, each request is judged.
        {"API_HOST": "0.0.0.0"},
        {"WEBHOOK_URL": "", "WEBHOOK_SECRET": ""},
        {"TELEGRAM_API_URL": "http://127.0.0.1:8085"},
        {"TELEGRAM_API_URL": "https://api.example.org", "WEBHOOK_URL": "https://h:9000"},
    ],
)
def test_what_is_safe_is_accepted(changes: dict[str, str]) -> None:
    assert problems(**changes) == []


@pytest.mark.criterion("sec.1", "sec.2")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"BOT_TOKEN": ""}, "BOT_TOKEN: it is missing"),
        ({"MONGODB_URI": ""}, "MONGODB_URI: it is missing"),
        ({"REDIS_URL": ""}, "REDIS_URL: it is missing"),
        (
            {"MONGODB_URI": f"mongodb://u:{PASSWORD}@db.example.org"},
            f"MONGODB_URI: {NOT_ENCRYPTED}",
        ),
        (
            {"MONGODB_URI": f"mongodb+srv://u:{PASSWORD}@db.example.org/?tls=false"},
            f"MONGODB_URI: {NOT_ENCRYPTED}",
        ),
        (
            {"MONGODB_URI": "mongodb://127.0.0.1,db.example.org/?tls=true"},
            "MONGODB_URI: it has no credentials",
        ),
        (
            {"MONGODB_URI": "mongodb://u:@db.example.org/?tls=true"},
            "MONGODB_URI: it has no credentials",
        ),
        (
            {"MONGODB_URI": "mongodb://db.example.org/?tls=true&authMechanism=DEFAULT"},
            "MONGODB_URI: it has no credentials",
        ),
        (
            {"MONGODB_URI": "mongodb://u:short@db.example.org/?tls=true"},
            "MONGODB_URI: its password has fewer than 12 characters and can be guessed",
        ),
        # One seed on this machine is enough to be led to others.
        ({"MONGODB_URI": f"mongodb://u:{PASSWORD}@127.0.0.1/?replicaSet=rs0"}, ELSEWHERE),
        ({"MONGODB_URI": f"mongodb://u:{PASSWORD}@127.0.0.1,[::1]:27018"}, ELSEWHERE),
        ({"MONGODB_URI": f"mongodb://u:{PASSWORD}@%2Frun%2Fmongodb.sock"}, ELSEWHERE),
        (
            {"MONGODB_URI": f"mongodb+srv://u:{PASSWORD}@localhost/?tls=false"},
            ELSEWHERE,
        ),
        (
            {"MONGODB_URI": f"{MONGODB}&tlsInsecure=true"},
            "MONGODB_URI: with tlsInsecure=true no certificate is checked",
        ),
        (
            {"MONGODB_URI": f"{MONGODB}&TLSALLOWINVALIDCERTIFICATES=true"},
            "MONGODB_URI: with tlsAllowInvalidCertificates=true no certificate is checked",
        ),
        (
            {"MONGODB_URI": f"{MONGODB}&tlsAllowInvalidHostnames=true"},
            "MONGODB_URI: with tlsAllowInvalidHostnames=true a certificate for any other server"
            " will do",
        ),
        (
            {"DATABASE_URL": f"{POSTGRES}prefer"},
            f"DATABASE_URL: {NOT_ENCRYPTED}",
        ),
        (
            {"DATABASE_URL": f"{POSTGRES}verify-full&sslmode=disable"},
            f"DATABASE_URL: {NOT_ENCRYPTED}",
        ),
        *(
            (
                {"DATABASE_URL": f"{POSTGRES}{weak}"},
                f"DATABASE_URL: with sslmode={weak} another server may pass for PostgreSQL",
            )
            for weak in ("require", "verify-ca")
        ),
        *(
            (
                {"DATABASE_URL": f"postgresql://u:{PASSWORD}@{place}"},
                f"DATABASE_URL: {NOT_ENCRYPTED}",
            )
            for place in (
                "/yabot?host=sql.example.org",
                "localhost/yabot?host=sql.example.org",
                "localhost/yabot?host=localhost,sql.example.org",
                "localhost/yabot?hostaddr=192.0.2.7",
                "localhost/yabot?host=localhost&host=sql.example.org",
            )
        ),
        (
            {"DATABASE_URL": "postgresql://u@localhost/yabot?service=elsewhere"},
            "DATABASE_URL: with service a file decides where the connection goes",
        ),
        (
            {"DATABASE_URL": f"{POSTGRES}verify-full&sslkeylogfile=/tmp/keys"},
            "DATABASE_URL: with sslkeylogfile the keys of the connection are written to a file",
        ),
        *(
            (
                {"DATABASE_URL": "postgresql:///yabot", name: "elsewhere"},
                f"{name}: it decides where DATABASE_URL connects to",
            )
            for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE")
        ),
        (
            {"SSLKEYLOGFILE": "/tmp/keys"},
            "SSLKEYLOGFILE: the keys of every connection are written to a file",
        ),
        (
            {"DATABASE_URL": "postgresql://u@sql.example.org/yabot?sslmode=verify-full"},
            "DATABASE_URL: it has no password",
        ),
        (
            {"DATABASE_URL": "postgresql://u:short@sql.example.org/yabot?sslmode=verify-full"},
            "DATABASE_URL: its password has fewer than 12 characters and can be guessed",
        ),
        *(
            ({"REDIS_URL": place}, f"REDIS_URL: {NOT_ENCRYPTED}")
            for place in (
                f"redis://:{PASSWORD}@r.example.org",
                f"redis:///0?host=r.example.org&password={PASSWORD}",
            )
        ),
        ({"REDIS_URL": "rediss://redis.example.org"}, "REDIS_PASSWORD: it is missing"),
        ({"REDIS_URL": "rediss://:@redis.example.org"}, "REDIS_PASSWORD: it is missing"),
        (
            {"REDIS_URL": "rediss://:short@redis.example.org"},
            "REDIS_URL: its password has fewer than 12 characters and can be guessed",
        ),
        (
            {"REDIS_URL": f"{REDIS}?ssl_cert_reqs=none"},
            "REDIS_URL: with ssl_cert_reqs=none any server may pass for Redis",
        ),
        (
            {"REDIS_URL": f"{REDIS}?ssl_check_hostname=false"},
            "REDIS_URL: with ssl_check_hostname=false a certificate for any other server will do",
        ),
        # What listens here tells of servers that may be anywhere.
        (
            {"REDIS_URL": f"redis://:{PASSWORD}@localhost", **SENTINELS},
            f"REDIS_URL: {NOT_ENCRYPTED}",
        ),
        (
            {"REDIS_URL": f"redis://:{PASSWORD}@localhost", "REDIS_CLUSTER": "true"},
            f"REDIS_URL: {NOT_ENCRYPTED}",
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
            {"WEBHOOK_SECRET": "0123456789abcdef0123456789abcde"},
            "WEBHOOK_SECRET: it has fewer than 32 characters and can be guessed",
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
