"""Whoever may read a key has it: production refuses such files, development says so."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.certificates import Authority
from tests.settings.test_settings_production import SOUND, TOKEN
from yabot.api.auth.keys import token_keys
from yabot.api.encryption.own_keys import OwnKeys
from yabot.clock import utc_now
from yabot.errors import ConfigurationError
from yabot.private_files import key_exposure
from yabot.settings import ConfigManager
from yabot.settings.key_files import exposed

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    file.write_text(f"BOT_TOKEN={TOKEN}\n")
    file.chmod(0o600)
    return file


def refusals(env_file: Path) -> list[str]:
    environ = {name: value for name, value in SOUND.items() if name != "BOT_TOKEN"}
    try:
        ConfigManager(environ, env_file).load()
    except ConfigurationError as error:
        return list(error.problems)
    return []


@pytest.mark.criterion("sec.4")
@pytest.mark.parametrize("mode", [0o604, 0o620, 0o640, 0o644, 0o660, 0o777])
def test_production_refuses_secrets_that_others_may_read_or_change(
    env_file: Path, mode: int
) -> None:
    assert refusals(env_file) == []
    env_file.chmod(mode)
    assert refusals(env_file) == [
        f".env: {env_file} holds a secret and may be read or changed by others "
        f"(mode {mode:04o}); run chmod 600 {env_file}"
    ]


def test_development_says_so(env_file: Path) -> None:
    assert ConfigManager({}, env_file).warnings() == []
    env_file.chmod(0o644)
    [warning] = ConfigManager({}, env_file).warnings()
    assert "may be read or changed by others (mode 0644)" in warning


def test_an_env_file_without_a_secret_is_anybodys_to_read(env_file: Path) -> None:
    env_file.write_text("LOG_LEVEL=INFO\nBOT_TOKEN=\n")
    env_file.chmod(0o644)
    assert ConfigManager({}, env_file).warnings() == []


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_a_key_of_ours_alone_is_taken(env_file: Path, mode: int) -> None:
    env_file.chmod(mode)
    assert key_exposure(env_file) is None


def test_a_file_that_is_not_there_is_somebody_elses_problem(tmp_path: Path) -> None:
    assert list(exposed([("API_TLS_KEY_FILE", tmp_path / "none.key")])) == []


@as_root
def test_a_key_of_another_user_is_refused(env_file: Path) -> None:
    os.chown(env_file, NOBODY, NOBODY)
    [refusal] = refusals(env_file)
    assert "belongs to another user; make it this user's: chown" in refusal


@as_root
def test_a_link_to_a_key_is_as_private_as_both(env_file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(env_file)
    assert key_exposure(link) is None
    env_file.chmod(0o644)
    assert key_exposure(link) is not None
    env_file.chmod(0o600)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    assert key_exposure(link) is not None


@as_root
@pytest.mark.parametrize(("mode", "taken"), [(0o440, True), (0o640, True), (0o660, False)])
def test_root_may_hand_us_a_key_through_a_group(mode: int, taken: bool) -> None:
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        key = Path(folder) / "tls.key"
        key.touch()
        key.chmod(mode)
        os.seteuid(NOBODY)
        try:
            assert (key_exposure(key) is None) is taken
        finally:
            os.seteuid(0)
        assert key_exposure(key) is not None  # to root itself nobody hands anything


@pytest.mark.criterion("sec.4")
def test_a_key_is_not_sent_to_telegram_with_its_certificate(tmp_path: Path) -> None:
    leaf = Authority().leaf()
    certificate, _ = leaf.write(tmp_path)
    alone = {"WEBHOOK_URL": "https://h", "WEBHOOK_CERTIFICATE_PATH": str(certificate)}
    ConfigManager(alone, None).load()
    both = {**alone, "WEBHOOK_CERTIFICATE_PATH": str(tmp_path / "server.pem")}
    with pytest.raises(ConfigurationError, match="all of it would be sent to Telegram; name"):
        ConfigManager(both, None).load()


def test_a_key_beside_the_apis_certificate_is_as_private(tmp_path: Path) -> None:
    leaf = Authority().leaf()
    leaf.write(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(0o600)
    files = {
        "API_TLS_CERT_FILE": tmp_path / "server.pem",
        "API_TLS_KEY_FILE": tmp_path / "server.key",
    }
    environ = {name: str(file) for name, file in files.items()}
    assert ConfigManager(environ, None).warnings() == []
    for name, file in files.items():
        file.chmod(0o644)
        [warning] = ConfigManager(environ, None).warnings()
        assert warning.startswith(f"{name}: ")
        file.chmod(0o600)
    (tmp_path / "server.crt").chmod(0o644)
    certificate_alone = {**environ, "API_TLS_CERT_FILE": str(tmp_path / "server.crt")}
    assert ConfigManager(certificate_alone, None).warnings() == []


@pytest.mark.criterion("sec.4")
def test_production_refuses_keys_of_its_own_that_others_may_read(tmp_path: Path) -> None:
    token_keys(tmp_path).current(utc_now())
    OwnKeys(tmp_path).make()
    environ = {**SOUND, "API_KEYS_DIR": str(tmp_path)}
    ConfigManager(environ, None).load()
    files = sorted(tmp_path.glob("**/private/*"))
    assert len(files) >= 2
    for file in files:
        file.chmod(0o644)
    with pytest.raises(ConfigurationError) as refused:
        ConfigManager(environ, None).load()
    assert [line.partition(" holds")[0] for line in refused.value.problems] == [
        f"API_KEYS_DIR: {file}" for file in files
    ]
