"""What ConfigManager makes of the environment."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager, LoggingSettings, MongoSettings, Settings, SqlSettings

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


def load(env_file: Path | None = None, /, **environ: str) -> Settings:
    return ConfigManager(environ, env_file).load()


@pytest.mark.criterion("5.2.1")
def test_the_stores_addresses_come_from_the_environment() -> None:
    settings = load(
        MONGODB_URI="mongodb://ana:m%40ngo@db.example.org/?tls=true",
        DATABASE_URL="postgresql://ana:sql@db.example.org/yabot",
        REDIS_URL="rediss://ana:redis@db.example.org:6380/1",
    )
    assert settings.mongodb.uri is not None
    assert settings.mongodb.uri.get_secret_value().startswith("mongodb://ana:m%40ngo@db")
    assert settings.redis.url is not None
    assert settings.redis.url.get_secret_value() == "rediss://ana:redis@db.example.org:6380/1"
    assert not settings.mongodb.embedded
    assert not settings.sql.embedded
    assert not settings.redis.embedded


@pytest.mark.criterion("5.2.1")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_written_as_sqlalchemy_wants_it(scheme: str) -> None:
    url = load(DATABASE_URL=f"{scheme}://ana:p%40ss@db:5433/yabot?sslmode=require").sql.database_url
    assert url is not None
    assert url.get_secret_value() == (
        "postgresql+psycopg://ana:p%40ss@db:5433/yabot?sslmode=require"
    )


@pytest.mark.criterion("5.2.2")
def test_mongodb_is_named_by_its_two_variables() -> None:
    settings = load(MONGODB_URI="mongodb+srv://u:p@cluster.example.org", MONGODB_DATABASE="tales")
    assert settings.mongodb.uri is not None
    assert settings.mongodb.database == "tales"
    assert load().mongodb.database == "yabot"


@pytest.mark.criterion("5.2.3")
def test_sqlite_has_a_file_of_its_own_or_one_in_the_data_directory(tmp_path: Path) -> None:
    assert load().sql.sqlite_path == Path(".yabot/yabot.db")
    assert load(YABOT_DATA_DIR=str(tmp_path)).sql.sqlite_path == tmp_path / "yabot.db"
    named = load(YABOT_DATA_DIR=str(tmp_path), SQLITE_DATABASE_PATH=str(tmp_path / "other.db"))
    assert named.sql.sqlite_path == tmp_path / "other.db"


@pytest.mark.criterion("5.2.4")
def test_redis_is_named_by_its_two_variables() -> None:
    settings = load(REDIS_URL="redis://db.example.org", REDIS_PASSWORD="s3cret/@:")
    assert settings.redis.url is not None
    assert settings.redis.url.get_secret_value() == "redis://db.example.org"
    assert settings.redis.password is not None
    assert settings.redis.password.get_secret_value() == "s3cret/@:"


def test_the_word_embedded_may_also_be_given_by_hand() -> None:
    assert MongoSettings(uri=SecretStr("embedded")).embedded


@pytest.mark.criterion("5.2.4")
def test_sentinels_are_hosts_with_ports() -> None:
    redis = load(REDIS_SENTINELS="a, b:1,[::1]:2", REDIS_SENTINEL_MASTER="mymaster").redis
    assert redis.sentinels == (("a", 26379), ("b", 1), ("::1", 2))
    assert not redis.embedded


def test_without_any_variable_everything_is_on_this_machine() -> None:
    settings = load()
    assert settings.mongodb.embedded
    assert settings.redis.embedded
    assert settings.sql.embedded
    assert settings.playground
    assert settings.secrets() == ()


@pytest.mark.parametrize("name", ["MONGODB_URI", "REDIS_URL"])
def test_the_word_embedded_means_our_own_engines(name: str) -> None:
    settings = load(**{name: "embedded"})
    assert settings.mongodb.embedded
    assert settings.redis.embedded


def test_the_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text('API_PORT=9000\nWEBHOOK_PORT="9001"\nexport POLLING_LIMIT=7 # few\n')
    settings = load(file, API_PORT="9100")
    assert settings.api.port == 9100
    assert settings.telegram.webhook_port == 9001
    assert settings.telegram.polling_limit == 7


def test_an_empty_variable_is_not_set_and_hides_the_files(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"BOT_TOKEN={TOKEN}\nAPI_PORT=\n")
    settings = load(file, BOT_TOKEN="")
    assert settings.telegram.token is None
    assert settings.api.port == 8080


def test_of_a_name_that_stands_twice_in_the_env_file_the_last_counts(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"BOT_TOKEN={TOKEN}\nAPI_PORT=9000\nAPI_PORT=9001\nBOT_TOKEN=\nX=1\nX=2\n")
    settings = load(file)
    assert settings.telegram.token is None
    assert settings.api.port == 9001
    assert ConfigManager({}, file).warnings() == [
        f"{name}: stands more than once in .env; the last one counts"
        for name in ("BOT_TOKEN", "API_PORT")
    ]


def test_the_env_file_is_taken_as_written(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("REDIS_URL=redis://h\nREDIS_PASSWORD=a${HOME}b\n")
    password = load(file).redis.password
    assert password is not None
    assert password.get_secret_value() == "a${HOME}b"


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_PORT", "9200")
    assert ConfigManager(env_file=None).load().api.port == 9200


@pytest.mark.parametrize("content", [b"API_PORT 9000\n", b"API_PORT=\xff\n"])
def test_an_unreadable_env_file_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"\.env: "):
        load(file)


def test_what_is_no_file_of_settings_is_not_read_to_its_end() -> None:
    with pytest.raises(ConfigurationError, match="/dev/zero: it has more than 65536 characters"):
        load(Path("/dev/zero"))


def test_the_env_file_is_read_once(tmp_path: Path) -> None:
    """All that a start says is of the same file, though somebody writes it meanwhile."""
    file = tmp_path / ".env"
    file.write_text("API_PORT=9000\nAPI_PORT=9001\n")
    manager = ConfigManager({}, file)
    assert manager.load().api.port == 9001
    file.write_text("API_PORT=none")
    assert manager.warnings() == ["API_PORT: stands more than once in .env; the last one counts"]


def test_ids_and_sizes_are_read_as_people_write_them() -> None:
    settings = load(ADMIN_USER_IDS="12, 34 56", LOG_MAX_FILE_SIZE="2MB", LOG_LEVEL="debug")
    assert settings.admin_user_ids == (12, 34, 56)
    assert settings.logging.max_file_size == 2_000_000
    assert settings.logging.level == "DEBUG"


def test_settings_made_by_hand_read_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    monkeypatch.setenv("sql", "{}")
    settings = Settings(data_dir=tmp_path, sql=SqlSettings(max_pool_size=3))
    assert settings.sql.sqlite_path == tmp_path / "yabot.db"
    assert settings.sql.max_pool_size == 3
    assert LoggingSettings().level == "INFO"


def test_secrets_are_known_in_each_form_and_never_printed(tmp_path: Path) -> None:
    settings = load(
        BOT_TOKEN=TOKEN,
        WEBHOOK_URL="https://bot.example.org/",
        WEBHOOK_SECRET="hook-secret",
        MONGODB_URI="mongodb://u:mon%40go@h/?tlsCertificateKeyFilePassword=key-pass",
        DATABASE_URL="postgresql://u:postgres-pass@h/db",
        REDIS_URL="redis://:redis-pass@h",
    )
    expected = {TOKEN, "hook-secret", "mon%40go", "mon@go", "key-pass", "postgres-pass"}
    assert expected | {"redis-pass"} <= set(settings.secrets())
    for secret in settings.secrets():
        assert secret not in repr(settings)
        assert secret not in str(settings)


def test_other_services_may_send_nothing_until_it_is_named() -> None:
    assert ConfigManager({}, None).load().inbound_event_types == ()
    named = {"INBOUND_EVENT_TYPES": "reaction_detected, decision_made"}
    found = ConfigManager(named, None).load().inbound_event_types
    assert found == ("reaction_detected", "decision_made")
