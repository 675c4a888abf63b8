"""`yabot legacy import`, as an operator types it."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.legacy.old_bot import FIRST_ID, IMPERFECTIONS, new_profile, write_old_store
from tests.storage.dumps import dump, rows_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import wait_until
from yabot.features.besitos.audit import audit_ledger
from yabot.features.legacy.tables import legacy_migrations, legacy_users
from yabot.features.users.audit import audit_users
from yabot.features.users.tables import user_profiles
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

# Each starts programs.
pytestmark = pytest.mark.slow

# More than are committed at once.
USERS = 200


@pytest.fixture
def settings(
    database: Database, mongodb_uri: str, mongo_database: str, redis_db: str
) -> dict[str, str]:
    """Of the stores in which the test looks, too; on either SQL."""
    url = database.engine.url
    sql = (
        {"SQLITE_DATABASE_PATH": str(url.database)}
        if url.drivername.startswith("sqlite")
        else {"DATABASE_URL": url.render_as_string(hide_password=False)}
    )
    return {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
        # As the fixture has made it.
        "BUS_PARTITIONS": str(PARTITIONS),
        **sql,
    }


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "db.json"
    write_old_store(path, users=USERS, seed=5)
    return path


class Imports:
    """Into one data directory, one command after another."""

    def __init__(self, new_program: NewProgram, settings: Mapping[str, str]) -> None:
        self._new_program = new_program
        self._settings = settings

    def prepared(self, *arguments: object) -> Program:
        typed = map(str, arguments)
        program = self._new_program("legacy", "import", *typed, name="here", **self._settings)
        for name in ("out", "err"):
            (program.folder / name).unlink(missing_ok=True)
        return program

    def run(self, *arguments: object, code: int = 0) -> Program:
        program = self.prepared(*arguments)
        assert program.run() == code, program.errors
        return program

    def told(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*arguments, "--json", code=code).lines[-1])
        return found


@pytest.fixture
def imports(new_program: NewProgram, settings: dict[str, str]) -> Imports:
    return Imports(new_program, settings)


@pytest.mark.criterion("5.4.2")
async def test_brings_every_user_once_and_says_so(
    imports: Imports, store: Path, database: Database, documents: DocumentStore
) -> None:
    kisses = sum(user["kisses"] for user in json.loads(store.read_text()).values())

    rehearsed = imports.run(store, "--dry-run")
    assert f"Of {USERS} users, {USERS} would be imported" in rehearsed.said
    assert "Nothing was changed." in rehearsed.said
    assert await rows_of(database, legacy_users) == []
    assert await rows_of(database, legacy_migrations) == []

    first = imports.told(store)
    assert first["users"] == {
        "imported": USERS,
        "merged": 0,
        "unchanged": 0,
        "forgotten": 0,
        "refused": 0,
    }
    assert first["besitos"]["in_the_store"] == first["besitos"]["posted_in_ledger"] == kisses
    assert first["besitos"]["reconcile"] is True
    (migration,) = await rows_of(database, legacy_migrations)
    assert (migration["phase"], migration["kind"]) == ("dual", "json")
    assert await audit_ledger(database) == []
    assert await audit_users(database, documents) == []

    before = await dump(database)
    again = imports.told(store)
    assert again["users"] | {"unchanged": 0} == first["users"] | {"imported": 0}
    assert again["users"]["unchanged"] == USERS
    after = await dump(database)
    for each in (before, after):
        # Whoever asks a second time is answered: the report, and the marks of both decisions.
        each.pop("legacy_migrations")
        each.pop("receipts")
    assert after == before


@pytest.mark.criterion("5.4.2")
async def test_names_what_it_mends_and_refuses_and_nobodys_name(
    imports: Imports, store: Path, database: Database
) -> None:
    users: dict[str, Any] = {}
    for n, spoil in enumerate(IMPERFECTIONS.values()):
        profile = new_profile(FIRST_ID + n) | {"first_name": "Perpetua", "kisses": 3}
        key, value = spoil(profile)
        users[key] = value
    store.write_text(json.dumps(users))
    program = imports.run(store, "--refuse-at-most", 50)
    report = json.loads((program.data / "legacy" / "report-1.json").read_text())
    assert report["besitos"]["reconcile"] is True
    assert report["users"]["refused"] == len(report["by_key"]["refused"]) > 0
    assert {"key": "lector_perdido", "reason": "its key is no Telegram id"} in report["by_key"][
        "refused"
    ]
    assert any(each["field"] == "kisses" for each in report["repairs"])
    written = (program.data / "legacy" / "report-1.json").read_text()
    for text in (program.said, program.errors, written):
        assert "Perpetua" not in text
    assert "Refused:" in program.said
    # By reason: their keys are in the file.
    assert "lector_perdido" not in program.said
    # Nobody has a millionth of a besito.
    assert "00 in the store" not in program.said


async def test_ctrl_c_ends_it_and_the_next_one_goes_on(
    imports: Imports, store: Path, database: Database
) -> None:
    write_old_store(store, users=400, seed=5)
    stopped = imports.prepared(store)
    stopped.launch(KillPoint("log", "unit.committed", 2, "wait"))
    wait_until(lambda: KillPoint.is_waited_at(stopped.kill_file))
    stopped.interrupt_group()
    stopped.signal(signal.SIGINT)
    KillPoint.disarm(stopped.kill_file)
    assert stopped.exit_code() == 130, stopped.errors
    assert "run it again to go on" in stopped.said
    there = len(await rows_of(database, legacy_users))
    assert 0 < there < 400
    told = imports.told(store)
    assert told["users"]["unchanged"] == there
    assert told["users"]["imported"] == 400 - there


async def test_a_file_that_is_none_of_an_old_bots_is_refused(
    imports: Imports, tmp_path: Path, database: Database
) -> None:
    other = tmp_path / "other.json"
    other.write_text("[1, 2]")
    program = imports.run(other, code=1)
    assert "the old bot's file is one object" in program.errors
    assert "name the old bot's file" in imports.run(code=1).errors
    assert await rows_of(database, legacy_migrations) == []


@pytest.mark.criterion("5.4.4")
async def test_too_many_refused_and_it_rolls_itself_back(
    imports: Imports, store: Path, database: Database, documents: DocumentStore
) -> None:
    users = {f"lost {n}": new_profile(n) for n in range(1, 51)}
    whole = json.dumps(json.loads(store.read_text()) | users)
    store.write_text(whole)
    refused = imports.run(store, "--refuse-at-most", 10, code=1)
    assert "20.0 % are refused, more than 10 %." in refused.said
    assert "The import has failed, and is rolled back by itself." in refused.said
    (migration,) = await rows_of(database, legacy_migrations)
    assert migration["phase"] == "rolled_back"
    assert await rows_of(database, user_profiles) == []
    assert await audit_ledger(database) == []
    assert json.loads(store.read_text()).keys() == json.loads(whole).keys()
    # With leave to refuse more, the same store comes.
    told = imports.told(store, "--refuse-at-most", 30)
    assert told["users"]["imported"] == USERS
    assert await audit_ledger(database) == []
