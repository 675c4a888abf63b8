"""Tables are made by migrations, and held against this version at every start."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, inspect

from tests.storage.fixtures import PATIENCE_MS, NewDatabase, PostgresServer, migrate
from tests.storage.schema import SCHEMA
from yabot.errors import ConfigurationError, SchemaMismatch, StartupError, StoreUnavailable
from yabot.log.partitions import ensure_partitions
from yabot.log.tables import MIGRATIONS, TABLES
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import Schema
from yabot.storage.relational.sqlite import SqliteDatabase

OURS = {table.name for table in SCHEMA.tables}


@pytest.fixture
def empty(empty_database: Database) -> Engine:
    """A database without a table."""
    return empty_database.engine


@pytest.fixture
def engine(new_database: NewDatabase) -> Iterator[Engine]:
    """A database with this version's tables."""
    engine = new_database(pool_size=1).engine
    yield engine
    engine.dispose()


def change(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def differences(engine: Engine) -> str:
    with pytest.raises(SchemaMismatch) as caught:
        SCHEMA.verify(engine)
    assert caught.value.exit_code == 1
    return str(caught.value)


@pytest.mark.criterion("1.2.2", "1.1.1")
def test_the_tables_are_created_from_nothing_and_verified(empty: Engine) -> None:
    SCHEMA.upgrade(empty)
    SCHEMA.verify(empty)
    assert set(inspect(empty).get_table_names()) == OURS | {"alembic_version"}
    assert {"subscriptions", "user_profiles"} <= OURS


@pytest.mark.criterion("1.2.2")
def test_an_upgrade_of_this_very_version_changes_nothing(engine: Engine) -> None:
    SCHEMA.upgrade(engine)
    SCHEMA.verify(engine)


@pytest.mark.criterion("1.2.2")
def test_the_tables_hold_what_the_requirements_name(engine: Engine) -> None:
    columns = {
        name: {column["name"] for column in inspect(engine).get_columns(name)}
        for name in ("subscriptions", "user_profiles")
    }
    dates = {"start_date", "end_date", "created_at", "updated_at"}
    assert {"user_id", "plan_type", "status"} | dates <= columns["subscriptions"]
    told = {"telegram_user_id", "username", "first_name", "last_name", "language_code"}
    assert {"user_id", "registration_date", "last_login"} | told <= columns["user_profiles"]


@pytest.mark.criterion("1.2.3", "1.2.4")
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            "ALTER TABLE user_profiles DROP COLUMN last_name",
            "add column: .*user_profiles.*last_name",
        ),
        ("ALTER TABLE outbox ADD COLUMN colour TEXT", "remove column: .*outbox.*colour"),
        ("DROP INDEX ix_outbox_user_id", "add index: .*ix_outbox_user_id"),
        ("CREATE INDEX ix_mine ON outbox (event_type)", "remove index: .*ix_mine"),
        ("DROP TABLE audit_log", "add table: .*audit_log"),
    ],
)
def test_a_difference_stops_the_start_and_is_named(
    engine: Engine, statement: str, named: str
) -> None:
    change(engine, statement)
    assert re.search(named, differences(engine))


@pytest.mark.criterion("1.2.4")
def test_a_column_of_another_type_is_named(new_postgres: NewDatabase) -> None:
    engine = new_postgres(pool_size=1).engine
    change(engine, "ALTER TABLE outgoing ALTER COLUMN chat_id TYPE TEXT")
    assert re.search("modify type: outgoing chat_id", differences(engine))
    engine.dispose()


@pytest.mark.criterion("1.2.4")
def test_a_column_of_another_type_is_named_on_sqlite(new_sqlite: NewDatabase) -> None:
    engine = new_sqlite(pool_size=1).engine
    change(
        engine,
        "DROP TABLE partitions",
        "CREATE TABLE partitions (partition TEXT NOT NULL PRIMARY KEY, "
        "last_pos BIGINT NOT NULL, published_pos BIGINT NOT NULL)",
    )
    assert re.search("modify type: partitions partition", differences(engine))
    engine.dispose()


@pytest.mark.criterion("1.2.4")
def test_every_difference_is_named_at_once(engine: Engine) -> None:
    change(engine, "DROP INDEX ix_outbox_user_id", "DROP INDEX ix_subscriptions_user_id")
    named = differences(engine)
    assert "ix_outbox_user_id" in named
    assert "ix_subscriptions_user_id" in named


def test_whoever_changes_a_migration_that_has_run_is_told_how_to_go_on(engine: Engine) -> None:
    change(engine, "ALTER TABLE user_profiles DROP COLUMN last_name")
    told = differences(engine).splitlines()[-1]
    assert "a migration after it had run here" in told
    assert "with an empty database: another YABOT_DATA_DIR" in told


def test_a_stranger_s_table_is_none_of_our_business(engine: Engine) -> None:
    change(engine, "CREATE TABLE guests (name TEXT)")
    SCHEMA.verify(engine)


@pytest.mark.criterion("1.2.3")
def test_a_table_that_cannot_be_created_prevents_the_start_and_leaves_nothing(
    empty: Engine,
) -> None:
    change(empty, "CREATE TABLE user_profiles (colour TEXT)")
    with pytest.raises(
        StartupError, match=r"at users_0001.*user_profiles.*already exists"
    ) as caught:
        SCHEMA.upgrade(empty)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert inspect(empty).get_table_names() == ["user_profiles"]


def test_a_server_that_goes_in_the_middle_of_a_migration_is_away(
    empty_postgres: Database, postgres_server: PostgresServer
) -> None:
    """It is about to come back, for instance from a restart: that is no refusal."""
    engine = empty_postgres.engine

    def go(connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
        if "CREATE TABLE outbox" in statement:
            driver: Any = connection.connection.driver_connection
            postgres_server.hang_up(driver.info.backend_pid)

    event.listen(engine, "before_cursor_execute", go)
    with pytest.raises(StoreUnavailable, match="SQL is not available"):
        SCHEMA.upgrade(engine)
    event.remove(engine, "before_cursor_execute", go)
    SCHEMA.upgrade(engine)
    SCHEMA.verify(engine)


@pytest.mark.criterion("1.2.3")
def test_who_may_not_create_tables_is_told_the_mend(empty_postgres: Database) -> None:
    engine, role = empty_postgres.engine, f"guest_{uuid4().hex}"
    # Of its only connection.
    change(engine, f"CREATE ROLE {role}", f"SET ROLE {role}")
    with pytest.raises(StartupError) as caught:
        SCHEMA.upgrade(engine)
    change(engine, "RESET ROLE", f"DROP ROLE {role}")
    assert str(caught.value) == (
        "SQL refuses to bring the tables to this version: psycopg.InsufficientPrivilege: 42501; "
        "the user of DATABASE_URL may not create tables, or change those of another: "
        "GRANT CREATE ON SCHEMA public TO that user, and make it their owner"
    )


@pytest.mark.criterion("1.2.3")
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres_server: PostgresServer, encoding: str
) -> None:
    """A server whose machine has no locale makes such ones by itself."""
    name = postgres_server.create(encoding=encoding)
    engine = PostgresDatabase(
        postgres_server.url_of(name), pool_size=1, timeout_ms=PATIENCE_MS
    ).engine
    for refused in (SCHEMA.upgrade, SCHEMA.examine):
        with pytest.raises(StartupError, match=f"encoding {encoding}, .* ENCODING 'UTF8'"):
            refused(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    postgres_server.drop(name)


@pytest.mark.criterion("1.2.4")
def test_a_database_of_a_newer_version_is_refused_in_one_sentence(engine: Engine) -> None:
    ours = "substr(version_num, 1, 4) = 'log_'"
    change(engine, f"UPDATE alembic_version SET version_num = 'log_0099' WHERE {ours}")
    with pytest.raises(StartupError, match=r"another version of YABOT") as caught:
        SCHEMA.upgrade(engine)
    assert "\n" not in str(caught.value)


def test_a_postgresql_that_is_away_is_told_from_one_that_refuses() -> None:
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    engine = PostgresDatabase(nobody, pool_size=1, timeout_ms=1000).engine
    with pytest.raises(StoreUnavailable, match=r"SQL is not available: .*refused"):
        SCHEMA.upgrade(engine)


def test_another_number_of_partitions_is_a_mistake_of_the_configuration(engine: Engine) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"BUS_PARTITIONS: is 8.* made with 4") as caught,
        engine.begin() as connection,
    ):
        ensure_partitions(connection, 8)
    assert caught.value.exit_code == 78


@pytest.mark.standard
def test_migrating_disconnects_nobody_s_data(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    migrate(SqliteDatabase(path, pool_size=1, timeout_ms=PATIENCE_MS))
    engine = create_engine(f"sqlite:///{path}")
    change(
        engine, "INSERT INTO audit_log (kind, details, created_at) VALUES ('k', '{}', '2026-11-02')"
    )
    engine.dispose()
    migrate(SqliteDatabase(path, pool_size=1, timeout_ms=PATIENCE_MS))
    with create_engine(f"sqlite:///{path}").connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM audit_log").scalar() == 1


@pytest.mark.parametrize("name", ["50%", "%(here)s", "a:b c"])
async def test_the_program_may_be_installed_at_any_path(
    name: str, empty_sqlite: Database, tmp_path: Path
) -> None:
    moved = shutil.copytree(MIGRATIONS, tmp_path / name / "migrations")
    schema = Schema(TABLES, (moved,))
    schema.upgrade(empty_sqlite.engine)
    assert schema.examine(empty_sqlite.engine)


@pytest.mark.criterion("1.2.2")
def test_a_sequence_that_is_behind_its_rows_is_named_with_the_mend(
    new_postgres: NewDatabase,
) -> None:
    """Rows that came by logical replication, say: the next ones would meet them."""
    engine = new_postgres(pool_size=1).engine
    row = "(kind, details, created_at) VALUES ('test', '{}', now())"
    change(engine, *(f"INSERT INTO audit_log {row}" for _ in range(3)))
    SCHEMA.verify(engine)
    change(engine, "SELECT setval('audit_log_id_seq', 1, false)")
    mend = "SELECT setval('public.audit_log_id_seq', max(id)) FROM audit_log"
    assert f"sequence public.audit_log_id_seq is behind the rows that it numbers: {mend}" in (
        differences(engine)
    )
    change(engine, mend)
    SCHEMA.verify(engine)
    change(engine, "ALTER SEQUENCE audit_log_id_seq RESTART 1000")
    SCHEMA.verify(engine)
    engine.dispose()
