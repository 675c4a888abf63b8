"""certificates.sh and prepare.sh, run for real."""

import os
import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.deploy.compose_file import DEPLOY
from tests.deploy.conftest import prepare
from tests.waiting import PATIENCE

SERVERS = ("mongodb", "redis", "postgres")


def certificates(directory: Path, *servers: str) -> str:
    """What it says it has made."""
    done = subprocess.run(
        [DEPLOY / "certificates.sh", directory, *servers],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    return done.stdout


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in directory.rglob("*")
        if file.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made")
    certificates(directory, "mongodb", "redis")
    return directory


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "copy")


@pytest.mark.parametrize("name", ["mongodb", "localhost"])
def test_the_chain_holds_for_the_server_and_for_loopback(made: Path, name: str) -> None:
    server = made / "mongodb"
    for purpose in ("sslserver", "sslclient"):
        checks = ("-x509_strict", "-purpose", purpose, "-verify_hostname", name)
        openssl("verify", *checks, "-CAfile", server / "ca.pem", server / "server.crt")


def test_it_holds_for_no_other_name(made: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        openssl("verify", "-verify_hostname", "redis", "-CAfile", made / "ca/ca.pem",
                made / "mongodb/server.crt")  # fmt: skip


def test_python_takes_key_and_certificate(made: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "redis/server.crt", made / "redis/server.key")
    context.load_cert_chain(made / "redis/server.pem")


def test_only_the_owner_reads_a_key(made: Path) -> None:
    keys = [made / "ca/ca.key", *made.glob("*/server.key"), *made.glob("*/server.pem")]
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_what_is_sound_is_kept(copy: Path) -> None:
    before = contents(copy)
    assert certificates(copy, "mongodb", "redis") == ""
    assert contents(copy) == before


def test_another_server_leaves_the_others_alone(copy: Path) -> None:
    before = contents(copy)
    assert certificates(copy, "mongodb", "redis", "postgres").startswith("made the certificate of")
    after = contents(copy)
    assert {name: after[name] for name in before} == before
    assert "postgres/server.pem" in after


def _ends_soon(copy: Path) -> None:
    authority = ("-CA", copy / "ca/ca.pem", "-CAkey", copy / "ca/ca.key")
    request = copy / "request"
    openssl("req", "-new", "-key", copy / "redis/server.key", "-subj", "/CN=redis", "-out", request)
    openssl("x509", "-req", "-in", request, *authority, "-days", "29", "-set_serial", "1",
            "-out", copy / "redis/server.crt")  # fmt: skip


def _cut_short(copy: Path) -> None:
    (copy / "redis/server.pem").write_bytes((copy / "redis/server.pem").read_bytes()[:300])


def _key_of_another(copy: Path) -> None:
    shutil.copy(copy / "mongodb/server.key", copy / "redis/server.key")


def _gone(copy: Path) -> None:
    (copy / "redis/server.crt").unlink()


@pytest.mark.parametrize("harm", [_ends_soon, _cut_short, _key_of_another, _gone])
def test_what_is_not_sound_is_made_anew(copy: Path, harm: Callable[[Path], None]) -> None:
    harm(copy)
    assert certificates(copy, "mongodb", "redis") == "made the certificate of redis, for 397 days\n"
    openssl("verify", "-CAfile", copy / "redis/ca.pem", copy / "redis/server.pem")
    assert certificates(copy, "mongodb", "redis") == ""


def test_a_new_authority_signs_all_anew(copy: Path) -> None:
    (copy / "ca/ca.key").unlink()
    assert len(certificates(copy, "mongodb", "redis").splitlines()) == 3
    for server in ("mongodb", "redis"):
        openssl("verify", "-CAfile", copy / server / "ca.pem", copy / server / "server.crt")


def test_prepare_gives_each_store_what_it_needs(tls: Path, secrets: dict[str, str]) -> None:
    assert set(contents(tls)) == {
        "ca/ca.key",
        "ca/ca.pem",
        "prometheus/ca.pem",
        "mongodb/keyfile",
        "redis/users.acl",
        "postgres/pg_hba.conf",
        *(f"{server}/{file}" for server in (*SERVERS, "yabot")
          for file in ("ca.pem", "server.crt", "server.key", "server.pem")),
    }  # fmt: skip
    assert 6 <= len((tls / "mongodb/keyfile").read_text().strip()) <= 1024
    for file in (tls / "mongodb/keyfile", tls / "postgres/server.key"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o400
    acl = (tls / "redis/users.acl").read_text()
    for name in ("REDIS_PASSWORD", "REDIS_PRODUCER_PASSWORD"):
        assert secrets[name] not in acl
        assert sha256(secrets[name].encode()).hexdigest() in acl


def test_prepare_again_changes_only_a_new_password(tls: Path, tmp_path: Path) -> None:
    again = shutil.copytree(tls, tmp_path / "tls")
    before = contents(again)
    prepare(again, {"REDIS_PASSWORD": "another"})
    after = contents(again)
    assert {name for name in after if after[name] != before.get(name)} == {"redis/users.acl"}


def test_prepare_says_what_it_lacks(tmp_path: Path) -> None:
    done = subprocess.run(
        [DEPLOY / "prepare.sh"],
        env={"PATH": os.environ["PATH"], "TLS_DIRECTORY": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "REDIS_PASSWORD: it is missing; set it in deploy/.env" in done.stderr
