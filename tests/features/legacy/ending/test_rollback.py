"""Back to the old bot, with all that has happened since: on both databases, the old bot's file."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.features.legacy.house import lose_a_kiss
from tests.features.legacy.old_bot import OldBot, tear
from tests.features.legacy.side_by_side.both import Both, new_both
from tests.features.legacy.sources.test_sqlite_file import ANA as OTHER
from tests.features.legacy.sources.test_sqlite_file import EVERYTHING, SCHEMA
from tests.storage.dumps import rows_of
from tests.storage.meanwhile import Meanwhile
from yabot import clock
from yabot.errors import InvalidInput
from yabot.features.legacy import waiting
from yabot.features.legacy.ending.rollback import Rollback, RolledBack
from yabot.features.legacy.ending.writing_back import WritingBack
from yabot.features.legacy.events import Phase, Reason
from yabot.features.legacy.importing.breath import Breath
from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.importing.importer import Importer
from yabot.features.legacy.importing.report import Report
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.legacy.tables import legacy_users
from yabot.features.legacy.verifying.verifier import Subject, Verifier
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("5.4.4")

ANA, BEA, CLEO, DORA = 7, 8, 9, 10


def folder(both: Both) -> Path:
    return both.old.path.parent / "data" / FOLDER


async def migrate(both: Both) -> None:
    """The import, to the phase in which both bots are at work."""
    await bring_all(both, both.old.path)
    await both.rounds()


async def bring_all(both: Both, path: Path) -> None:
    services, source = both.house.world.services, recognize(path)

    async def begin(work: UnitOfWork) -> None:
        await both.dual.migrations.begin(work, source.kind, path, folder(both))

    await both.house.world.decide(f"begin {clock.utc_now()}", begin)
    breath = Breath(services.database, folder(both), lambda _: {})
    importer = Importer(services.commits, both.house.merger, both.house.besitos, breath)
    with (
        Details.kept_in(folder(both)) as details,
        closing(Snapshot.take(source, path, folder(both))) as snapshot,
    ):
        await importer.run(snapshot, source, Report(details), lambda *_: None)
    await enter(both, "dual")


async def enter(both: Both, phase: Phase) -> None:
    async def decide(work: UnitOfWork) -> None:
        await both.dual.migrations.enter(work, phase)

    await both.house.world.decide(f"{phase} {clock.utc_now()}", decide)


async def phase(both: Both) -> str | None:
    migration = await both.dual.migrations.current()
    return None if migration is None else migration.phase


async def roll_back(both: Both, reason: Reason | None = None) -> RolledBack:
    services = both.house.world.services
    rollback = Rollback(services, Migrations(services.database, "a test"), folder(both))
    return await rollback.run(reason, lambda *_: None)


@pytest.fixture
async def migrated(both: Both) -> Both:
    """Three were with the old bot; one of them has come here since, and somebody new."""
    for reader, kisses in ((ANA, 20), (BEA, 30), (CLEO, 40)):
        both.earns_there(reader, kisses)
    await migrate(both)
    await both.comes(ANA)
    await both.earns(ANA, 100)
    await both.comes(DORA, "Dora")
    await both.earns(DORA, 3)
    return both


def kisses(both: Both) -> dict[int, int]:
    """As the old bot reads them."""
    readers = (ANA, BEA, CLEO, DORA)
    return {each: both.old.get_user_profile(each)["kisses"] for each in readers}


async def test_the_old_bot_goes_on_with_what_has_happened_since(migrated: Both) -> None:
    stood = json.dumps(migrated.there()["8"])
    done = await roll_back(migrated)
    assert kisses(migrated) == {ANA: 125, BEA: 35, CLEO: 45, DORA: 3}
    assert json.dumps(migrated.there()["8"]) == stood
    assert migrated.there()["10"]["first_name"] == "Dora"
    assert await phase(migrated) == "rolled_back"
    counts = done.counts()
    assert counts["users"] == {"in_both": 4, "taken_away": 2, "stay": 2, "still_waiting": 0}
    assert counts["besitos"] == {
        "in_the_store": 208,
        "here_before": 208,
        "taken_away": 80,
        "reconcile": True,
    }
    assert (await migrated.has(ANA), await migrated.has(BEA)) == (125, 0)
    assert await migrated.house.audits() == []
    assert await rows_of(migrated.house.world.services.database, outgoing) == []


async def test_another_import_counts_nobody_twice(migrated: Both) -> None:
    await roll_back(migrated)
    migrated.earns_there(ANA, 1)
    migrated.earns_there(BEA, 2)
    await migrate(migrated)
    readers = (ANA, BEA, CLEO, DORA)
    assert [await migrated.has(each) for each in readers] == [126, 37, 45, 3]
    assert await migrated.house.audits() == []
    await roll_back(migrated)
    assert kisses(migrated) == {ANA: 126, BEA: 37, CLEO: 45, DORA: 3}


async def test_whom_another_import_has_brought_has_to_be_as_there(migrated: Both) -> None:
    """They have done nothing since, as nobody has whom the first one brought."""
    await roll_back(migrated)
    await migrate(migrated)
    await lose_a_kiss(migrated.house, str(BEA))
    verifier = Verifier(migrated.house.world.services, folder(migrated), waits=())
    found = await verifier.run(Subject(JsonFile(), migrated.old.path, mirrored=False))
    assert [(each.user_id, each.kind) for each in found.told] == [(str(BEA), "differs")]


async def test_a_second_time_nothing_changes(migrated: Both) -> None:
    await roll_back(migrated)
    stood, rows = migrated.old.path.read_bytes(), await rows_of_users(migrated)
    done = await roll_back(migrated)
    assert done.taken.users == 0
    assert migrated.old.path.read_bytes() == stood
    assert await rows_of_users(migrated) == rows


async def test_who_goes_on_behind_it_is_written_by_another_one(migrated: Both) -> None:
    await roll_back(migrated)
    await migrated.earns(ANA, 7)
    migrated.earns_there(BEA, 1)
    await roll_back(migrated)
    assert kisses(migrated) == {ANA: 132, BEA: 36, CLEO: 45, DORA: 3}
    assert await migrated.has(BEA) == 0


async def test_what_the_old_bot_has_written_last_is_not_lost(migrated: Both) -> None:
    migrated.earns_there(ANA, 1)
    migrated.earns_there(BEA, 2)
    await roll_back(migrated)
    assert kisses(migrated) == {ANA: 126, BEA: 37, CLEO: 45, DORA: 3}


# Where the old bot's own parser ends, and ours goes on.
HARMS = {
    "a comma too many": ('"kisses": 35', '"kisses": 35,'),
    "a quote too few": ('"telegram_id": 8', '"telegram_id: 8'),
    "a line break in a text": ('"role": "free"', '"role": "free", "mood": "a\nb"'),
    "a comma too few": ('}}, "9": {', '}} "9": {'),
    "a comma twice": ('}}, "9": {', '}},, "9": {'),
    "a bracket too many": ('}}, "9": {', '}}}, "9": {'),
}


@pytest.mark.parametrize("harm", HARMS)
async def test_a_file_that_the_old_bot_cannot_load_is_made_anew(migrated: Both, harm: str) -> None:
    await migrated.rounds()
    text = migrated.old.path.read_text()
    assert HARMS[harm][0] in text
    migrated.old.path.write_text(text.replace(*HARMS[harm]))
    with pytest.raises(json.JSONDecodeError):
        migrated.there()
    done = await roll_back(migrated)
    assert done.restored
    assert kisses(migrated) == {ANA: 125, BEA: 35, CLEO: 45, DORA: 3}
    assert done.reconciles


@pytest.mark.parametrize("harm", ["missing", "torn", "empty", "no JSON"])
async def test_a_file_that_is_gone_is_made_anew(migrated: Both, harm: str) -> None:
    await migrated.rounds()
    await migrated.earns(ANA, 10)
    path = migrated.old.path
    if harm == "missing":
        path.unlink()
    elif harm == "torn":
        tear(path)
    else:
        path.write_text("" if harm == "empty" else "perdido")
    done = await roll_back(migrated)
    assert done.restored
    assert kisses(migrated) == {ANA: 135, BEA: 35, CLEO: 45, DORA: 3}
    assert done.reconciles


async def test_a_completed_migration_is_rolled_back_after_days(migrated: Both) -> None:
    await migrated.rounds()
    await enter(migrated, "completed")
    stood = migrated.old.path.read_bytes()
    clock.set_ahead(clock.ahead() + timedelta(days=9))
    try:
        await migrated.earns(ANA, 1000)
        await migrated.comes(CLEO)
        await migrated.rounds()
        # Neither read nor written.
        assert migrated.old.path.read_bytes() == stood
        done = await roll_back(migrated)
    finally:
        clock.set_ahead(timedelta())
    assert kisses(migrated) == {ANA: 1125, BEA: 35, CLEO: 45, DORA: 3}
    assert (done.taken.users, await migrated.has(CLEO)) == (1, 45)


@pytest.mark.parametrize("ended", ["completed", "rolled_back"])
async def test_a_round_of_before_leaves_it_those_who_are_to_be_written(
    migrated: Both, database: Database, ended: Phase
) -> None:
    """A running bot has seen the phase that was, and drops the notes of what nobody writes."""
    services = migrated.house.world.services
    if ended == "completed":
        await enter(migrated, ended)
    else:
        await roll_back(migrated)
    await migrated.round()
    await migrated.earns(ANA, 1000)
    others = Meanwhile(database)
    other = new_both(others, services.documents, migrated.old.path.parent)

    async def begin() -> None:
        if ended == "rolled_back":
            await migrate(migrated)
            await migrated.earns(ANA, 1)
        await enter(migrated, "rolling_back")
        migration = await migrated.dual.migrations.current()
        assert migration is not None
        writing = WritingBack(services, migrated.dual.migrations, folder(migrated))
        await writing.note_everybody(migration)

    others.arm(begin)
    await other.round()
    assert others.has_happened
    assert await database.read(waiting.among([str(ANA)])) == {str(ANA)}
    await roll_back(migrated)
    assert kisses(migrated)[ANA] == await migrated.has(ANA)


async def test_not_without_a_snapshot(migrated: Both) -> None:
    await migrated.rounds()
    await enter(migrated, "completed")
    (folder(migrated) / "snapshot.db").unlink()
    with pytest.raises(InvalidInput, match="not there any more"):
        await roll_back(migrated)
    assert await phase(migrated) == "completed"


async def test_who_was_forgotten_is_not_in_the_file(migrated: Both) -> None:
    await migrated.rounds()
    await enter(migrated, "completed")
    await migrated.house.world.delete()
    await migrated.rounds()
    assert "7" in migrated.there()
    await roll_back(migrated)
    assert [*migrated.there()] == ["8", "9", "10"]


async def test_without_a_migration_there_is_nothing_to_go_back_from(both: Both) -> None:
    with pytest.raises(InvalidInput, match="there is no migration"):
        await roll_back(both)


async def test_only_the_readers_who_came_since_are_in_sql(migrated: Both) -> None:
    await roll_back(migrated)
    rows = await rows_of(migrated.house.world.services.database, legacy_users)
    assert [row["base"] for row in rows if row["origin"] == "taken_back"] == [None, None]


async def test_beside_a_store_that_is_only_read_stands_one_for_the_old_bot(
    both: Both, tmp_path: Path
) -> None:
    store = tmp_path / "besitos.db"
    with closing(sqlite3.connect(store)) as connection:
        connection.executescript(SCHEMA + EVERYTHING)
    stood = store.read_bytes()
    await bring_all(both, store)
    await both.comes(BEA)
    await both.earns(BEA, 10)
    await both.comes(DORA, "Dora")
    done = await roll_back(both)
    assert store.read_bytes() == stood
    assert done.path == tmp_path / "besitos.db.rolled-back.json"
    copy = OldBot(done.path)
    expected = {int(OTHER.user_id): 12, BEA: 13, DORA: 0}
    assert {each: copy.get_user_profile(each)["kisses"] for each in expected} == expected
    assert done.counts()["users"] == {
        "in_both": 3,
        "taken_away": 1,
        "stay": 2,
        "still_waiting": 0,
    }
    # Whichever of the two is imported then: nobody counts twice.
    for path in (store, done.path):
        await bring_all(both, path)
        assert {each: await both.has(each) for each in expected} == expected
        await roll_back(both)


async def rows_of_users(both: Both) -> list[dict[str, object]]:
    return await rows_of(both.house.world.services.database, legacy_users)
