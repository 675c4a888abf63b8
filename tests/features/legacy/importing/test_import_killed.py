"""kill -9 at any moment of an import, and again, until it is done: nobody is lost, nobody twice."""

import json
from pathlib import Path
from random import Random

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.stores import Stores
from tests.features.legacy.old_bot import FIRST_ID
from tests.waiting import PATIENCE, wait_until
from yabot.features.legacy.importing.importer import CHUNK

pytestmark = pytest.mark.slow

USERS = 50_000
# An import that is begun again skips who is done, and that takes its time, too: so few.
KILLS = 4
# On a busy machine so many users take minutes.
LONG = 10 * PATIENCE


def write_store(path: Path, users: int, random: Random) -> int:
    """Small ones, one at a time. Gives how many kisses they have."""
    total = 0
    with path.open("w", encoding="utf-8") as file:
        for n in range(users):
            kisses = random.randint(0, 400)
            total += kisses
            profile = {"telegram_id": FIRST_ID + n, "first_name": "Ana", "kisses": kisses}
            file.write(f"{',' if n else '{'}{json.dumps(str(FIRST_ID + n))}:{json.dumps(profile)}")
        file.write("}")
    return total


@pytest.fixture
def importing(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, redis_db: str
) -> Program:
    return new_program(
        "legacy",
        "import",
        "db.json",
        MONGODB_URI=mongodb_uri,
        MONGODB_DATABASE=mongo_database,
        REDIS_URL=redis_db,
        LOG_LEVEL="INFO",
    )


@pytest.mark.criterion("5.4.2", "5.4.4")
def test_an_import_of_fifty_thousand_users_survives_every_kill(importing: Program) -> None:
    random = Random(13)
    kisses = write_store(importing.folder / "db.json", USERS, random)
    _dies_while_the_store_is_read(importing)
    stores = importing.stores
    there = [0]
    for _ in range(KILLS):
        commits = random.randint(1, USERS // CHUNK // KILLS)
        importing.launch(KillPoint("commit", "INSERT INTO legacy_users", commits))
        code = importing.exit_code(LONG)
        assert code == -9, importing.tail()
        there.append(_count(stores, "legacy_users"))
        assert there[-1] == _count(stores, "user_profiles")
    assert there == sorted(there)
    assert 0 < there[-1] < USERS
    importing.launch()
    assert importing.exit_code(LONG) == 0, importing.tail()
    _everybody_is_there_once(stores, kisses)


def _dies_while_the_store_is_read(importing: Program) -> None:
    # However late we are, nobody has been imported by then.
    importing.launch(KillPoint("sql", "INSERT INTO legacy_users", fate="wait"))
    snapshot = importing.data / "legacy" / "snapshot.db"

    def is_being_made() -> bool:
        assert importing.exit_code(0) is None, importing.tail()
        return snapshot.exists() and snapshot.stat().st_size > 0

    wait_until(is_being_made)
    importing.kill9()


def _count(stores: Stores, table: str) -> int:
    return int(stores.value(f"SELECT count(*) FROM {table}"))


def _everybody_is_there_once(stores: Stores, kisses: int) -> None:
    for table in ("user_profiles", "legacy_users"):
        assert _count(stores, table) == USERS
    assert stores.value("SELECT sum(balance) FROM accounts") == kisses
    assert stores.value("SELECT sum(amount) FROM postings") == 0
    told = "SELECT count(*) AS n, count(DISTINCT user_id) AS users FROM outbox WHERE event_type = ?"
    assert stores.rows(told, "legacy_user_imported") == [{"n": USERS, "users": USERS}]
    # A position for each event, and no gap.
    gaps = (
        "SELECT count(*) FROM partitions p WHERE last_pos <> "
        "(SELECT count(*) FROM outbox o WHERE o.partition = p.partition)"
    )
    assert stores.value(gaps) == 0
    # What waits in SQL, the next program brings; nothing is only in MongoDB.
    waiting = _count(stores, "doc_changes")
    assert stores.mongodb.users.count_documents({}) >= USERS - waiting
