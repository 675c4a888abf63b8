"""What ``yabot doctor`` finds, on real engines and on none."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiogram.types import WebhookInfo
from sqlalchemy import insert, make_url, text

from tests.bot.sender.recorder import recording
from tests.cli.diagnosis import TOKEN, found
from tests.ports import free_port
from tests.uris import port_of
from yabot.api.app import build_operations
from yabot.api.listener import listen_as_api
from yabot.app.features import FEATURES
from yabot.app.services import open_services
from yabot.app.stores import connect_database, connect_documents, open_database, open_documents
from yabot.cli.doctor import render
from yabot.cli.probes import PROGRAM, Check, judge_intake, judge_program, program
from yabot.clock import utc_now
from yabot.embedded.mongod import PACKAGED, EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.features.legacy.events import Phase
from yabot.features.legacy.phases import Migrations
from yabot.features.users.model import Profile
from yabot.features.users.tables import user_profiles
from yabot.log.tables import user_counters
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.health import Health
from yabot.playground.server import PlaygroundServer
from yabot.runtime.lock import data_directory_lock
from yabot.settings import ConfigManager
from yabot.storage.relational.database import executing

pytestmark = pytest.mark.usefixtures("unhurried")

OURS = "https://bot.example.org/secret-path"
OTHER = "https://other.example/secret-path"


async def test_a_fresh_machine_is_well(tmp_path: Path) -> None:
    checks = await found(tmp_path / "new")
    assert {check.state for check in checks.values()} == {"ok", "off"}
    assert "mongod" in checks["MongoDB"].message
    assert checks["Telegram"].state == "off"
    assert checks["SQLite"].message.endswith("will be created")
    assert not (tmp_path / "new").exists()


async def test_stores_that_answer_are_well(
    tmp_path: Path, mongodb_uri: str, redis_url: str, postgres_url: str
) -> None:
    checks = await found(
        tmp_path, MONGODB_URI=mongodb_uri, REDIS_URL=redis_url, DATABASE_URL=postgres_url
    )
    for name in ("MongoDB", "PostgreSQL"):
        assert (checks[name].state, checks[name].message) == ("ok", "answers")
    assert (checks["Redis"].state, checks["Redis"].message) == ("ok", "answers: a single server")


async def test_postgresql_is_asked_by_the_address_by_which_the_program_connects(
    tmp_path: Path, postgres_url: str
) -> None:
    """Where libpq would read what SQLAlchemy writes of it otherwise."""
    url = make_url(postgres_url)
    folder = tmp_path / "of the socket"
    folder.symlink_to(str(url.query["host"]))
    address = url.set(query={"host": str(folder)}).render_as_string(hide_password=False)
    checks = await found(tmp_path / "data", DATABASE_URL=address)
    assert (checks["PostgreSQL"].state, checks["PostgreSQL"].message) == ("ok", "answers")


async def test_telegram_answers_to_the_right_token_only(tmp_path: Path) -> None:
    server = PlaygroundServer(tmp_path / "playground.db", port=0)
    await server.start()
    try:
        right = await found(tmp_path, BOT_TOKEN=server.bot_token, TELEGRAM_API_URL=server.url)
        wrong = await found(tmp_path, BOT_TOKEN=TOKEN, TELEGRAM_API_URL=server.url)
    finally:
        await server.stop()
    assert right["Telegram"].state == "ok"
    assert right["Telegram"].message.startswith("answers as @")
    assert wrong["Telegram"].state == "problem"
    assert "check BOT_TOKEN" in wrong["Telegram"].message


async def test_a_clock_that_is_not_telegrams_is_told(tmp_path: Path) -> None:
    me = {"id": 42, "is_bot": True, "first_name": "A", "username": "a_bot"}
    async with recording() as telegram:
        telegram.results["getMe"] = me
        telegram.says = datetime.now(UTC) - timedelta(hours=2)
        checks = await found(tmp_path, BOT_TOKEN=TOKEN, TELEGRAM_API_URL=telegram.url)
    check = checks["Telegram"]
    assert check.state == "warning"
    assert check.message.startswith("answers as @a_bot; the wall clock is 120 minutes ahead of")


@pytest.mark.parametrize(
    ("stands", "ours", "state", "words"),
    [
        ({}, None, "ok", "answers polls"),
        ({"url": OTHER}, None, "warning", "`yabot webhook remove`"),
        ({"url": OTHER}, OURS, "problem", "at other.example"),
        ({"url": OURS}, OURS, "ok", "delivers to WEBHOOK_URL"),
        ({}, OURS, "warning", "`yabot run` sets WEBHOOK_URL"),
        (
            {"url": OURS, "pending_update_count": 3, "last_error_message": "Connection refused"},
            OURS,
            "warning",
            "3 updates wait",
        ),
    ],
)
def test_where_telegram_delivers(
    stands: dict[str, Any], ours: str | None, state: str, words: str
) -> None:
    usual = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    check = judge_intake(WebhookInfo.model_validate(usual | stands), ours)
    assert check.state == state
    assert words in check.message
    assert "secret-path" not in check.message


def test_a_running_program_is_asked_how_it_is() -> None:
    well = {"status": "ok", "since": "", "reason": None}
    assert judge_program({"components": {"sql": well, "intake": well}}).state == "ok"
    ill = judge_program({"components": {"sql": well, "intake": {"status": "degraded"}}})
    assert ill.state == "warning"
    assert "intake (degraded)" in ill.message
    assert judge_program({"status": "somebody else's"}).state == "off"


@pytest.mark.criterion("1.2.4")
async def test_what_a_start_would_refuse_of_the_tables_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "yabot.db"
    settings = ConfigManager({"SQLITE_DATABASE_PATH": str(path)}, None).load()
    database = open_database(settings)
    await database.open()
    assert (await found(tmp_path))["tables"].message == "a start brings them to this version"
    await connect_database(database, settings, FEATURES)
    assert (await found(tmp_path))["tables"] == Check("tables", "ok", "are those of this version")
    other = (await found(tmp_path, BUS_PARTITIONS="3"))["tables"]
    assert (other.state, other.message[:14]) == ("problem", "BUS_PARTITIONS")
    change = text("ALTER TABLE user_profiles DROP COLUMN last_name")
    await database.write(lambda connection: connection.execute(change) and None)
    differing = (await found(tmp_path))["tables"]
    assert differing.state == "problem"
    assert "last_name" in differing.message
    assert "\n" not in differing.message
    change = text("INSERT INTO alembic_version VALUES ('of_tomorrow')")
    await database.write(lambda connection: connection.execute(change) and None)
    newer = (await found(tmp_path))["tables"]
    assert newer.state == "problem"
    assert "another version of YABOT" in newer.message
    await database.close()


@pytest.mark.criterion("1.2.4")
async def test_what_a_start_would_refuse_of_the_collections_is_a_problem(
    tmp_path: Path, mongodb_uri: str, empty_mongo_database: str
) -> None:
    given = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": empty_mongo_database}
    checks = await found(tmp_path, **given)
    assert checks["collections"].state == "ok"
    settings = ConfigManager(given, None).load()
    async with open_documents(settings) as documents:
        assert await documents.database.list_collection_names() == []
        await connect_documents(documents, FEATURES)
        assert (await found(tmp_path, **given))["collections"].state == "ok"
        rule = {"$jsonSchema": {"bsonType": "object", "required": ["surprise"]}}
        await documents.database.command("collMod", "users", validator=rule)
    differing = (await found(tmp_path, **given))["collections"]
    assert differing.state == "problem"
    assert "collection 'users'" in differing.message


@pytest.mark.criterion("1.1.5")
async def test_a_mongodb_without_the_states_that_sql_knows_of_is_a_problem(
    tmp_path: Path, mongodb_uri: str, empty_mongo_database: str
) -> None:
    given = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": empty_mongo_database}
    settings = ConfigManager({"SQLITE_DATABASE_PATH": str(tmp_path / "yabot.db")}, None).load()
    database = open_database(settings)
    await database.open()
    # Tables that a start has yet to make are asked nothing.
    assert (await found(tmp_path, **given))["collections"].state == "ok"
    await connect_database(database, settings, FEATURES)
    assert (await found(tmp_path, **given))["collections"].state == "ok"
    moment = utc_now()
    lucia = Profile(
        user_id="7",
        telegram_user_id=7,
        username=None,
        first_name="Lucía",
        last_name=None,
        language_code=None,
        registration_date=moment,
        last_login=moment,
        is_active=True,
    )
    await database.write(executing(insert(user_profiles).values(lucia.model_dump())))
    counters = {"user_id": "7", "sequence": 1, "state_version": 1, "last_event_us": 1}
    await database.write(executing(insert(user_counters).values(counters)))
    await database.close()
    check = (await found(tmp_path, **given))["collections"]
    assert check.state == "problem"
    assert "name the one that has them (MONGODB_URI, MONGODB_DATABASE)" in check.message


async def test_a_port_that_somebody_else_has_is_a_problem(tmp_path: Path) -> None:
    silent = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent:
        check = (await found(tmp_path, PLAYGROUND_PORT=str(port)))["listeners"]
    assert check.state == "problem"
    assert check.message.startswith(f"PLAYGROUND_PORT: port {port}")


async def test_what_answers_is_this_data_directorys_only_while_its_lock_is_held(
    tmp_path: Path,
) -> None:
    """Another installation's program may have the same API_PORT; a start would be refused it."""
    port = str(free_port())
    settings = ConfigManager({"API_PORT": port}, None).load()
    server = await listen_as_api(build_operations(Health()), settings.api)
    apart = {"DATABASE_URL": "postgresql://h/d", "MONGODB_URI": "mongodb://h/", "API_PORT": port}
    try:
        others = await found(tmp_path, API_PORT=port)
        with data_directory_lock(tmp_path):
            ours = await found(tmp_path, API_PORT=port)
        unlocked = await program(ConfigManager(apart, None).load())
    finally:
        await server.stop()
    assert others[PROGRAM].state == "off"
    assert f"another program answers at http://127.0.0.1:{port}" in others[PROGRAM].message
    assert others["listeners"].state == "problem"
    assert others["listeners"].message.startswith(f"API_PORT: port {port} on 127.0.0.1")
    well = Check(PROGRAM, "ok", "all its components are well")
    assert (ours[PROGRAM], unlocked) == (well, well)


async def test_another_program_on_the_data_directory_is_told(tmp_path: Path) -> None:
    with data_directory_lock(tmp_path):
        checks = await found(tmp_path)
    assert "another start is refused" in checks["data directory's program"].message
    assert "data directory's program" not in await found(tmp_path)


async def test_an_engine_s_folder_that_cannot_be_used_is_one_problem_among_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "valkey" / "port").mkdir(parents=True)
    checks = await found(tmp_path)
    assert checks["Redis"].state == "problem"
    assert checks["Redis"].message.startswith("YABOT_DATA_DIR: ")
    assert checks["MongoDB"].state == "ok"


async def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "yabot.db").write_text("a letter to a friend, long enough to be one" * 20)
    check = (await found(tmp_path))["SQLite"]
    assert check.state == "problem"
    assert "check SQLITE_DATABASE_PATH" in check.message


async def test_warnings_and_plain_values_are_shown(tmp_path: Path) -> None:
    checks = await found(tmp_path, WEBHOK_URL="x", ADMIN_USER_IDS="1,2", MONGODB_URI="embedded")
    assert checks["WEBHOK_URL"].state == "warning"
    assert checks["ADMIN_USER_IDS"].message == "1, 2"
    assert checks["MONGODB_URI"].message == "embedded"


async def test_sentinels_that_do_not_answer_are_named(tmp_path: Path) -> None:
    checks = await found(tmp_path, REDIS_SENTINELS="127.0.0.1:1", REDIS_SENTINEL_MASTER="m")
    assert checks["REDIS_SENTINELS"].message == "127.0.0.1:1"
    assert checks["Redis"].state == "problem"
    assert checks["Redis"].message.startswith("no Sentinel answers at 127.0.0.1:1: ")
    assert "check REDIS_SENTINELS" in checks["Redis"].message


def test_the_rendering_has_a_line_for_each_and_counts() -> None:
    checks = [
        Check("environment", "ok", "development"),
        Check("WEBHOK_URL", "warning", "is not known"),
        Check("Redis", "problem", "no answer; check REDIS_URL"),
    ]
    assert render(checks).splitlines() == [
        "✓ environment  development",
        "! WEBHOK_URL   is not known",
        "✗ Redis        no answer; check REDIS_URL",
        "",
        "1 problem, 1 warning",
    ]


@pytest.mark.parametrize("checks", [[], [Check("a", "off", "b")]])
def test_that_nothing_is_wrong_is_said(checks: list[Check]) -> None:
    assert render(checks).endswith("no problems, no warnings")


async def test_wide_files_are_warned_of_with_the_mend(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "mongod").mkdir(parents=True, mode=0o700)
    database = data / "yabot.db"
    database.touch()
    data.chmod(0o755)
    database.chmod(0o644)
    warned = (await found(data))["privacy"]
    assert warned.state == "warning"
    assert warned.message == (
        f"others may read or write {data}, {database}; run chmod go= {data} {database}"
    )
    data.chmod(0o700)
    assert (await found(data))["privacy"].state == "ok"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
async def test_files_of_another_user_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "yabot.db").touch()
    os.chown(tmp_path / "yabot.db", 65534, 65534)
    told = (await found(tmp_path))["privacy"]
    assert told.state == "problem"
    assert f"{tmp_path / 'yabot.db'} belongs to another user" in told.message


async def test_the_packaged_mongod_is_named_with_its_age(tmp_path: Path) -> None:
    engine = EmbeddedMongod(tmp_path)
    packaged = engine.binary() == engine._packaged()
    (tmp_path / "mongod").mkdir()
    shown = subprocess.run(
        [engine.binary(), "--version"],
        env=engine.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (f"v{PACKAGED}" in shown.stdout) >= packaged
    production = {"YABOT_ENV": "production", "BOT_TOKEN": TOKEN, "REDIS_URL": "embedded"}
    for environ, state in (({}, "ok"), ({**production, "MONGODB_URI": "embedded"}, "warning")):
        told = (await found(tmp_path, TELEGRAM_API_URL="http://127.0.0.1:1", **environ))["MongoDB"]
        assert told.state == (state if packaged else "ok")
        assert (f"MongoDB {PACKAGED}, past its end of life" in told.message) == packaged


async def test_no_password_of_an_engine_is_shown(tmp_path: Path) -> None:
    engine = EmbeddedValkey(tmp_path)
    uri = await engine.start()
    try:
        told = (await found(tmp_path))["Redis"]
    finally:
        await engine.stop()
    assert f"runs at 127.0.0.1:{port_of(uri)}" in told.message
    assert (tmp_path / "valkey" / "secret").read_text() not in told.message


@pytest.mark.slow
async def test_an_old_store_that_nobody_uses_any_more(tmp_path: Path) -> None:
    old, another_store = tmp_path / "db.json", tmp_path / "stale.json"
    for each in (old, another_store):
        each.write_text("{}")
    path = str(old)
    settings = ConfigManager({"YABOT_DATA_DIR": str(tmp_path)}, None).load()
    async with open_services(settings, FEATURES) as services:
        begun = await found(tmp_path, LEGACY_DB_PATH=path)
        assert begun["migration"].message == "has not begun: `yabot legacy import FILE`"
        migrations = Migrations(services.database)
        phases: Iterator[Phase] = iter(("dual", "completed"))

        async def go_on(work: UnitOfWork) -> None:
            if await migrations.current() is None:
                await migrations.begin(work, "json", old, tmp_path / "copy")
            else:
                await migrations.enter(work, next(phases))

        for step in range(3):
            assert begun["migration"].state == "ok"
            begun = await found(tmp_path, LEGACY_DB_PATH=path)
            cause = Cause("test", f"{step}", f"{step}")
            await services.commits.decide(cause, go_on)
            if step == 1:
                another = await found(tmp_path, LEGACY_DB_PATH=str(another_store))
                assert another["LEGACY_DB_PATH"].state == "warning"
                assert f"set it to {old}" in another["LEGACY_DB_PATH"].message
        ended = await found(tmp_path, LEGACY_DB_PATH=path)
        assert "migration" not in ended
        assert ended["LEGACY_DB_PATH"].state == "warning"
        assert "take LEGACY_DB_PATH away" in ended["LEGACY_DB_PATH"].message
