"""From .env.production.example to settings that production accepts."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.compose_file import EXAMPLE, compose, environment, example
from tests.deploy.conftest import FILLED_IN, new_env
from yabot.errors import ConfigurationError
from yabot.settings import ConfigManager


def places(tls: Path, tmp_path: Path) -> dict[str, str]:
    return {"/tls/": f"{tls}/yabot/", "/var/lib/yabot": str(tmp_path / "data")}


@pytest.mark.criterion("5.2.5")
def test_production_has_nothing_to_object_to(
    services: dict[str, Any], tls: Path, tmp_path: Path
) -> None:
    manager = ConfigManager(environment(services["yabot"], places(tls, tmp_path)), None)
    settings = manager.load()
    assert settings.production
    assert manager.warnings() == []
    assert settings.admin_user_ids == (1001, 1002)
    assert settings.telegram.webhook_url == FILLED_IN["WEBHOOK_URL"]


def test_a_bot_that_polls_needs_no_public_name(
    secrets: dict[str, str], tls: Path, tmp_path: Path
) -> None:
    polling = secrets | {"DOMAIN": "", "WEBHOOK_URL": "", "WEBHOOK_SECRET": ""}
    yabot = compose(polling)["services"]["yabot"]
    manager = ConfigManager(environment(yabot, places(tls, tmp_path)), None)
    assert manager.load().telegram.webhook_url is None
    assert manager.warnings() == []


@pytest.mark.criterion("5.2.5")
@pytest.mark.parametrize(
    ("name", "sound", "unsound", "told"),
    [
        ("MONGODB_URI", "&tls=true", "&tls=false", "not encrypted"),
        ("REDIS_URL", "rediss://", "redis://", "not encrypted"),
        ("DATABASE_URL", "verify-full", "prefer", "not encrypted"),
    ],
)
def test_production_refuses_the_same_without_tls(
    services: dict[str, Any],
    tls: Path,
    tmp_path: Path,
    name: str,
    sound: str,
    unsound: str,
    told: str,
) -> None:
    given = environment(services["yabot"], places(tls, tmp_path))
    assert sound in given[name]
    # Without encryption the file that it would be checked with is out of place.
    plain = given[name].replace(sound, unsound).replace(f"&tlsCAFile={tls}/yabot/ca.pem", "")
    with pytest.raises(ConfigurationError, match=f"{name}: .*{told}"):
        ConfigManager(given | {name: plain}, None).load()


def test_the_bot_never_gets_an_administrators_password(
    services: dict[str, Any], secrets: dict[str, str]
) -> None:
    given = " ".join(services["yabot"]["environment"].values())
    for name in ("MONGODB_ADMIN_PASSWORD", "POSTGRES_ADMIN_PASSWORD"):
        assert secrets[name] not in given


def test_secrets_are_fresh_long_and_private(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert new_env(first).returncode == new_env(second).returncode == 0
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    made_up = [
        dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line[1:])
        for file in (first, second)
    ]
    for name in (name for name in example() if name.endswith(("_PASSWORD", "_SECRET"))):
        one, other = (values[name] for values in made_up)
        assert len(one) == len(other) == 64
        assert one != other
    assert made_up[0]["BOT_TOKEN"] == ""


def test_an_env_that_exists_is_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("BOT_TOKEN=mine\n")
    refused = new_env(file)
    assert refused.returncode == 1
    assert refused.stderr == f"{file} exists and is kept: move it away first\n"
    assert file.read_text() == "BOT_TOKEN=mine\n"


def test_the_example_holds_no_secret() -> None:
    assert [name for name, value in example().items() if value and "PASSWORD" in name] == []
    assert "BOT_TOKEN=\n" in EXAMPLE.read_text()
