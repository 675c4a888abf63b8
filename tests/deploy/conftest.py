"""What ``docker compose up`` makes before any store starts, made on this machine."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from tests.deploy.compose_file import DEPLOY, compose
from tests.waiting import PATIENCE

FILLED_IN = {
    "BOT_TOKEN": "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr",
    "DOMAIN": "bot.example.org",
    "WEBHOOK_URL": "https://bot.example.org/telegram",
    "ADMIN_USER_IDS": "1001,1002",
}


def new_env(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DEPLOY / "new-env.sh", file], capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def prepare(tls: Path, env: Mapping[str, str]) -> None:
    """The service ``prepare``; its files go to whoever runs the tests, who runs the stores too."""
    me = f"{os.getuid()}:{os.getgid()}"
    owners = {"STORE_OWNER": me, "YABOT_OWNER": me, "PROMETHEUS_OWNER": me}
    given = {"PATH": os.environ["PATH"], "TLS_DIRECTORY": str(tls), **owners, **env}
    subprocess.run(
        [DEPLOY / "prepare.sh"], env=given, check=True, capture_output=True, timeout=PATIENCE
    )


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The .env of a server: written by new-env.sh, its empty lines filled in."""
    file = tmp_path_factory.mktemp("deploy") / ".env"
    assert new_env(file).returncode == 0
    written = {name: value or "" for name, value in dotenv_values(file).items()}
    return written | FILLED_IN


@pytest.fixture(scope="session")
def services(secrets: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = compose(secrets)["services"]
    return found


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory, secrets: dict[str, str]) -> Path:
    """The volumes tls-*, side by side."""
    directory = tmp_path_factory.mktemp("tls")
    names = ("REDIS_PASSWORD", "REDIS_PRODUCER_PASSWORD")
    prepare(directory, {name: secrets[name] for name in names})
    return directory
