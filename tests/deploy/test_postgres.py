"""PostgreSQL with deploy's rules, set up by setup_postgres.py, reached through TLS."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from tests.deploy.compose_file import environment
from tests.deploy.servers import postgres, set_up
from tests.settings.test_settings_production import SOUND
from tests.storage.fixtures import PATIENCE_MS
from yabot.app.features import FEATURES
from yabot.app.stores import connect_database, open_database
from yabot.errors import StoreUnavailable
from yabot.settings import ConfigManager, Settings

pytestmark = [pytest.mark.criterion("sec.1")]


@pytest.fixture(scope="module")
def places(services: dict[str, Any], tls: Path) -> Iterator[dict[str, str]]:
    with postgres(services, tls) as port:
        found = {"postgres:5432": f"localhost:{port}", "/tls/": f"{tls}/yabot/"}
        assert set_up_at(port, services, found).returncode == 0
        yield found


def set_up_at(port: int, services: dict[str, Any], places: dict[str, str], **changed: str) -> Any:
    return set_up(
        "setup-postgres", services, places, PGHOST="localhost", PGPORT=str(port), **changed
    )


@pytest.fixture
def port(places: dict[str, str]) -> int:
    return int(places["postgres:5432"].rpartition(":")[2])


@pytest.fixture
def settings(services: dict[str, Any], places: dict[str, str], tmp_path: Path) -> Settings:
    given = environment(services["yabot"], {**places, "/var/lib/yabot": str(tmp_path)})
    return ConfigManager(given, None).load()


@pytest.fixture
def url(services: dict[str, Any], places: dict[str, str]) -> str:
    return environment(services["yabot"], places)["DATABASE_URL"]


async def test_the_bot_makes_its_tables(settings: Settings) -> None:
    database = open_database(settings)
    await connect_database(database, settings, FEATURES)
    owner = await database.read(
        lambda connection: connection.exec_driver_sql(
            "SELECT tableowner FROM pg_tables WHERE tablename = 'user_profiles'"
        ).scalar()
    )
    assert owner == "yabot"
    await database.close()


def test_the_bot_may_not_administer(url: str) -> None:
    with (
        psycopg.connect(url, autocommit=True) as bot,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        bot.execute("CREATE ROLE friend")


@pytest.fixture
def admin(
    port: int, services: dict[str, Any], tls: Path
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(
        host="localhost",
        port=port,
        user="postgres",
        password=services["postgres"]["environment"]["POSTGRES_PASSWORD"],
        sslmode="verify-full",
        sslrootcert=str(tls / "yabot/ca.pem"),
    ) as connection:
        yield connection


@pytest.mark.criterion("sec.4")
def test_a_row_that_is_refused_is_not_in_the_servers_log(
    url: str, admin: psycopg.Connection[tuple[Any, ...]]
) -> None:
    ((folder,),) = admin.execute("SHOW data_directory").fetchall()
    with psycopg.connect(url, autocommit=True) as bot:
        bot.execute("CREATE TEMPORARY TABLE readers (first_name text, since date NOT NULL)")
        with pytest.raises(psycopg.errors.NotNullViolation):
            bot.execute("INSERT INTO readers VALUES (%s, NULL)", ["Wilhelmina"])
    log = Path(folder).with_name("log").read_text()
    assert 'null value in column "since"' in log
    assert "Wilhelmina" not in log


def test_only_a_verifier_of_the_password_is_kept(
    admin: psycopg.Connection[tuple[Any, ...]],
) -> None:
    rows = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'yabot'")
    assert rows.fetchone()[0].startswith("SCRAM-SHA-256$")  # type: ignore[index]
    rules = admin.execute("SELECT type, auth_method FROM pg_hba_file_rules").fetchall()
    assert rules == [("local", "scram-sha-256"), ("hostssl", "scram-sha-256")]


def _perhaps_elsewhere(address: str) -> SecretStr:
    """With a password, and behind a host that is not loopback and refuses at once."""
    url = make_url(address)
    host, port = url.host or url.query["host"], url.port or url.query.get("port", 5432)
    several = url.set(
        drivername="postgresql+psycopg",
        host=None,
        port=None,
        password=None,
        query={
            **url.query,
            "host": f"0.0.0.0,{host}",
            "port": f"1,{port}",
            "password": url.password or "any",
        },
    )
    return SecretStr(several.render_as_string(hide_password=False))


async def test_a_server_that_asks_for_nothing_is_refused(url: str, postgres_url: str) -> None:
    """In production, on another machine: no URL could tell."""
    settings = ConfigManager(SOUND, None).load()
    for address, told in ((url, None), (postgres_url, "it lets in whoever comes")):
        given = {"database_url": _perhaps_elsewhere(address), "timeout_ms": PATIENCE_MS}
        named = settings.sql.model_copy(update=given)
        database = open_database(settings.model_copy(update={"sql": named}))
        if told is None:
            await database.open()
        else:
            with pytest.raises(StoreUnavailable, match=told):
                await database.open()
        await database.close()


@pytest.mark.parametrize(
    ("sound", "unsound", "told"),
    [
        ("yabot:", "yabot:x", "password authentication failed"),
        ("sslmode=verify-full", "sslmode=disable", "closed the connection"),
        ("/yabot/ca.pem", "/mongodb/server.crt", "certificate verify failed"),
    ],
)
def test_who_is_refused(url: str, sound: str, unsound: str, told: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=told):
        psycopg.connect(url.replace(sound, unsound))


def test_setting_up_again_brings_a_new_password(
    services: dict[str, Any],
    places: dict[str, str],
    port: int,
    url: str,
    secrets: dict[str, str],
) -> None:
    assert set_up_at(port, services, places, POSTGRES_PASSWORD="new").returncode == 0
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)
    psycopg.connect(url.replace(secrets["POSTGRES_PASSWORD"], "new")).close()
    assert set_up_at(port, services, places).returncode == 0
    psycopg.connect(url).close()


def test_a_wrong_administrators_password_is_said_in_a_sentence(
    services: dict[str, Any], places: dict[str, str], port: int
) -> None:
    refused = set_up_at(port, services, places, PGPASSWORD="wrong")
    assert refused.returncode == 1
    assert refused.stderr.startswith("PostgreSQL cannot be set up: ")
    assert "password authentication failed" in refused.stderr
