"""Every mistake at once, each in a line that says what would be right, and no secret."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager
from yabot.settings.reference import variables

pytestmark = pytest.mark.criterion("5.2.5")
NAMES = [variable.name for variable in variables()]


def problems(**environ: str) -> list[str]:
    try:
        ConfigManager(environ, None).load()
    except ConfigurationError as error:
        return list(error.problems)
    return []


def test_every_mistake_is_told_at_once() -> None:
    assert problems(
        BOT_TOKEN="not-a-token",
        API_PORT="80800",
        POLLING_LIMIT="many",
        REDIS_CLUSTER="true",
        YABOT_ENV="test",
    ) == [
        "BOT_TOKEN: it does not have the form of a bot token;"
        " write the token as @BotFather gave it, 123456789:AA…",
        "POLLING_LIMIT: 'many' is not a whole number; write a whole number from 1 to 100",
        "API_PORT: '80800' is more than 65535; write a port from 1 to 65535",
        "YABOT_ENV: 'test' is not one of the possible values; write development or production",
        "REDIS_CLUSTER: no node of the cluster is named; set REDIS_URL to one of its nodes",
    ]


def test_invalid_configuration_exits_78() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ConfigManager({"API_PORT": "0"}, None).load()
    assert caught.value.exit_code == 78


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "abc:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"),
        ("TELEGRAM_API_URL", "api.example.org"),
        ("TELEGRAM_API_URL", "ftp://api.example.org"),
        ("WEBHOOK_URL", "https://"),
        ("WEBHOOK_URL", "https://h:99999/"),
        ("WEBHOOK_SECRET", "ñ"),
        ("WEBHOOK_SECRET", "x" * 257),
        ("WEBHOOK_CERTIFICATE_PATH", "/nowhere/cert.pem"),
        ("WEBHOOK_IP_ADDRESS", "bot.example.org"),
        ("WEBHOOK_TRUSTED_PROXIES", "proxy.example.org"),
        ("API_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("INBOUND_EVENT_TYPES", "user_interaction, Other"),
        ("WEBHOOK_MAX_CONNECTIONS", "101"),
        ("POLLING_TIMEOUT", "-1"),
        ("MONGODB_URI", "http://h"),
        ("MONGODB_URI", "mongodb://"),
        ("MONGODB_URI", "mongodb://u:p@ss/word@h"),
        ("MONGODB_URI", "mongodb://h:port"),
        ("MONGODB_URI", "mongodb://h/?unheardOf=1"),
        ("MONGODB_URI", "mongodb+srv://a.example.org,b.example.org"),
        ("MONGODB_URI", "mongodb+srv://a.example.org:27017"),
        ("MONGODB_DATABASE", "a.b"),
        # As where this user may not look: the system refuses the question itself.
        ("YABOT_DATA_DIR", "/" + "x" * 300),
        ("SQLITE_DATABASE_PATH", "/" + "x" * 300),
        ("LOG_FILE_PATH", "/" + "x" * 300),
        ("API_KEYS_DIR", "/" + "x" * 300),
        # As where this user has no home directory.
        ("YABOT_DATA_DIR", "~nobody-here/data"),
        ("SQLITE_DATABASE_PATH", "~nobody-here/yabot.db"),
        ("LOG_FILE_PATH", "~nobody-here/yabot.log"),
        ("LEGACY_DB_PATH", "~nobody-here/old.json"),
        ("DATABASE_URL", "not an address"),
        ("DATABASE_URL", "mysql://u:p@h/db"),
        ("DATABASE_URL", "sqlite:///yabot.db"),
        ("DATABASE_URL", "postgresql://h"),
        ("SQLITE_DATABASE_PATH", "/"),
        ("REDIS_URL", "http://h"),
        ("REDIS_URL", "redis://h:port"),
        ("REDIS_URL", "redis://h/zero"),
        ("REDIS_SENTINELS", "a:b"),
        ("REDIS_SENTINELS", "a:70000"),
        ("REDIS_MAX_POOL_SIZE", "0"),
        ("SQL_TIMEOUT_MS", "1.5"),
        ("API_TLS_CERT_FILE", "/nowhere/cert.pem"),
        ("ADMIN_USER_IDS", "12,anna"),
        ("LEGACY_DB_PATH", "/nowhere/old.json"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("LOG_MAX_FILE_SIZE", "10 apples"),
        ("RETENTION_DAYS", "0"),
        ("BUS_PARTITIONS", "0"),
    ],
)
def test_a_wrong_value_is_told_once_with_what_would_be_right(name: str, value: str) -> None:
    [line] = problems(**{name: value})
    assert line.startswith(f"{name}: ")
    assert "; write " in line


def test_the_data_directory_must_be_possible(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [line] = problems(YABOT_DATA_DIR=str(tmp_path / "file" / "data"))
    assert line.startswith("YABOT_DATA_DIR: ")
    assert "is a file" in line


@pytest.mark.parametrize("below", ["", "data"])
def test_a_data_directory_on_a_disk_that_is_not_mounted(below: str, tmp_path: Path) -> None:
    link, disk = tmp_path / "link", tmp_path / "disk"
    link.symlink_to(disk)
    [line] = problems(YABOT_DATA_DIR=str(link / below))
    assert f"{link} is a link to {disk}, which is not there" in line


@pytest.mark.parametrize(
    ("environ", "named", "sentence"),
    [
        (
            {"REDIS_CLUSTER": "1", "REDIS_SENTINELS": "a", "REDIS_SENTINEL_MASTER": "m"},
            "REDIS_CLUSTER",
            "exclude each other",
        ),
        ({"REDIS_SENTINELS": "a"}, "REDIS_SENTINEL_MASTER", "is missing"),
        ({"REDIS_SENTINEL_MASTER": "m"}, "REDIS_SENTINELS", "is missing"),
        (
            {"REDIS_URL": "redis://:one@h", "REDIS_PASSWORD": "two"},
            "REDIS_PASSWORD",
            "another password",
        ),
        ({"API_TLS_CERT_FILE": __file__}, "API_TLS_KEY_FILE", "is missing"),
        ({"API_TLS_KEY_FILE": __file__}, "API_TLS_CERT_FILE", "is missing"),
        (
            {"API_TLS_KEY_FILE": __file__, "API_TLS_CERT_FILE": __file__},
            "API_TLS_KEY_FILE",
            "are not a key and its certificate",
        ),
        ({"API_TLS_CLIENT_CA_FILE": __file__}, "API_TLS_CLIENT_CA_FILE", "only over TLS"),
        ({"PLAYGROUND_PORT": "8080"}, "PLAYGROUND_PORT", "API_PORT's port too"),
        (
            {"WEBHOOK_URL": "https://h", "WEBHOOK_PORT": "9000", "API_PORT": "9000"},
            "WEBHOOK_PORT",
            "API_PORT's port too",
        ),
        ({"REDIS_MAX_POOL_SIZE": "2"}, "REDIS_MAX_POOL_SIZE", "allow 3 or more"),
        ({"REDIS_URL": "redis://h?max_connections=2"}, "REDIS_URL", "allow 3 or more"),
        (
            {"REDIS_CLUSTER": "1", "REDIS_URL": "redis://h", "REDIS_MAX_POOL_SIZE": "17"},
            "REDIS_MAX_POOL_SIZE",
            "17 wait for events; allow 18 or more",
        ),
    ],
)
def test_what_cannot_work_together_is_told(
    environ: dict[str, str], named: str, sentence: str
) -> None:
    [line] = problems(**environ)
    assert line.startswith(f"{named}: ")
    assert sentence in line


@pytest.mark.parametrize(
    "environ",
    [
        {"REDIS_MAX_POOL_SIZE": "3"},
        {"REDIS_SENTINELS": "a", "REDIS_SENTINEL_MASTER": "m", "REDIS_MAX_POOL_SIZE": "3"},
        {"REDIS_CLUSTER": "1", "REDIS_URL": "redis://h", "REDIS_MAX_POOL_SIZE": "18"},
        {"REDIS_CLUSTER": "1", "REDIS_URL": "redis://h"},
    ],
)
def test_the_least_that_works_is_enough(environ: dict[str, str]) -> None:
    assert problems(**environ) == []


def test_nothing_is_concluded_from_a_value_that_is_wrong_itself() -> None:
    [line] = problems(REDIS_SENTINELS="a:b", REDIS_SENTINEL_MASTER="m")
    assert line.startswith("REDIS_SENTINELS: ")
    [line] = problems(
        YABOT_ENV="production", BOT_TOKEN="x", MONGODB_URI="embedded", REDIS_URL="embedded"
    )
    assert line.startswith("BOT_TOKEN: it does not have")


SECRET = st.from_regex(r"[A-Za-z0-9_:/@%-]{12,40}", fullmatch=True)


@given(
    secret=SECRET,
    home=st.sampled_from([v.name for v in variables() if v.secret]),
    astray=st.sampled_from(NAMES),
    frame=st.sampled_from(["{}", "mongodb://u:{}@h", "redis://:{}@h/x", "postgresql://u:{}@h"]),
)
def test_no_secret_is_shown_wherever_it_was_pasted(
    secret: str, home: str, astray: str, frame: str
) -> None:
    text = frame.format(secret)
    told = "\n".join(problems(**{"YABOT_ENV": "production", home: text, astray: text}))
    assert secret not in told


def test_a_working_directory_that_was_removed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    told = ["the working directory has been removed; change to one that is there"]
    assert problems() == problems(YABOT_DATA_DIR=str(tmp_path)) == told


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
@pytest.mark.standard
def test_a_working_directory_of_another_user_is_told(tmp_path: Path) -> None:
    """As where root says `runuser -u yabot -- yabot doctor` at home."""
    tmp_path.chmod(0o700)
    # Root's own Python may be closed to others: all that is needed is imported before.
    program = (
        "import os; from yabot.settings import ConfigManager; ConfigManager({}).load(); "
        "os.setuid(65534); ConfigManager({}).load()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert f"the working directory, {tmp_path}, is closed to this user" in done.stderr
