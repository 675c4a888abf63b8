"""What is SQLite's own: one writer with group commit, settings that keep what was promised."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tests.log.faults import counting_commits
from tests.log.units import add_receipt
from tests.storage.dumps import marks
from tests.storage.fixtures import NewDatabase
from yabot.errors import StartupError, StoreUnavailable
from yabot.storage.relational.database import Database
from yabot.storage.relational.sqlite import GROUP_SIZE, LARGEST_LOG, SqliteDatabase

# Where the header says it, see https://www.sqlite.org/fileformat2.html#the_database_header
SCHEMA_FORMAT = 44


async def test_a_file_that_cannot_be_used_is_told_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "yabot.db").mkdir()
    database = SqliteDatabase(tmp_path / "yabot.db", pool_size=1, timeout_ms=1000)
    told = "unable to open database file; make the file of SQLITE_DATABASE_PATH, those beside it"
    with pytest.raises(StoreUnavailable, match=told):
        await database.open()
    await database.close()


async def test_concurrent_writes_share_commits(sqlite_database: Database) -> None:
    number = 2 * GROUP_SIZE + 1
    with counting_commits(sqlite_database.engine) as commits:
        await asyncio.gather(*(sqlite_database.write(add_receipt(f"{n}")) for n in range(number)))
    assert len(await marks(sqlite_database)) == number
    # The first may go alone; behind it the rest has queued up.
    assert len(commits) <= 4


async def test_a_lone_failure_in_a_group_costs_the_group_nothing(
    sqlite_database: Database,
) -> None:
    with counting_commits(sqlite_database.engine) as commits:
        outcomes = await asyncio.gather(
            *(sqlite_database.write(add_receipt(f"{n % 9}")) for n in range(10)),
            return_exceptions=True,
        )
    assert [type(outcome) for outcome in outcomes] == [type(None)] * 9 + [IntegrityError]
    assert len(await marks(sqlite_database)) == 9
    assert len(commits) <= 2


@pytest.mark.parametrize("name", ["what?", "what?mode=ro", "50%41", "a#b c"])
async def test_the_file_has_the_name_that_it_was_given(tmp_path: Path, name: str) -> None:
    path = tmp_path / name / f"{name}.db"
    database = SqliteDatabase(path, pool_size=1, timeout_ms=1000)
    await database.open()
    await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (c)"))
    await database.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert [folder.name for folder in tmp_path.iterdir()] == [name]


async def test_what_is_committed_survives_a_power_cut(sqlite_database: Database) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    full, on = 2, 1
    assert await sqlite_database.write(settings) == ["wal", full, on]


async def test_the_log_is_cut_also_where_nobody_is_ever_quiet(sqlite_database: Database) -> None:
    def limit(connection: Connection) -> object:
        return connection.exec_driver_sql("PRAGMA journal_size_limit").scalar()

    assert await sqlite_database.write(limit) == LARGEST_LOG


async def test_a_reader_cannot_write(sqlite_database: Database) -> None:
    with pytest.raises(StoreUnavailable, match="readonly"):
        await sqlite_database.read(add_receipt("one"))


async def test_readers_go_on_while_another_process_holds_the_write_lock(
    new_sqlite: NewDatabase,
) -> None:
    database = new_sqlite(timeout_ms=100)
    await database.open()
    file = str(database.engine.url.database)
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert await marks(database) == []
        with pytest.raises(StoreUnavailable, match="locked"):
            await database.write(add_receipt("one"))
        other.execute("ROLLBACK")
    await database.write(add_receipt("one"))
    await database.close()


async def test_a_file_that_is_not_there_any_more_takes_no_writes_until_it_is_back(
    sqlite_database: Database,
) -> None:
    """SQLite would write on, and lose it all at the end."""
    path = Path(str(sqlite_database.engine.url.database))
    aside = path.with_name("aside.db")
    await sqlite_database.write(add_receipt("one"))
    path.rename(aside)
    with pytest.raises(StoreUnavailable, match="moved"):
        await sqlite_database.write(add_receipt("two"))
    shutil.copy(aside, path)
    with pytest.raises(StoreUnavailable, match="replaced"):
        await sqlite_database.write(add_receipt("two"))
    aside.rename(path)
    await sqlite_database.write(add_receipt("two"))
    assert len(await marks(sqlite_database)) == 2


async def test_a_log_that_is_not_there_any_more_takes_no_writes_and_the_end_saves_what_it_held(
    new_sqlite: NewDatabase,
) -> None:
    """It holds what was committed last: behind a kill all of that would be gone."""
    database, after = new_sqlite(), new_sqlite()
    await database.open()
    await database.write(add_receipt("one"))
    log = Path(f"{database.engine.url.database}-wal")
    aside = log.with_name("aside")
    log.rename(aside)
    with pytest.raises(StoreUnavailable, match="-wal was moved"):
        await database.write(add_receipt("two"))
    aside.rename(log)
    await database.write(add_receipt("two"))
    log.unlink()
    for _look in range(2):
        with pytest.raises(StoreUnavailable, match="stop YABOT"):
            await database.write(add_receipt("three"))
    await database.close()
    await after.open()
    assert len(await marks(after)) == 2
    await after.close()


async def test_without_the_index_of_the_log_nothing_is_written_beside_another_process(
    new_sqlite: NewDatabase,
) -> None:
    """They do not see each other any more, and would write over each other's pages."""
    database, after = new_sqlite(), new_sqlite()
    await database.open()
    await database.write(add_receipt("one"))
    path = Path(str(database.engine.url.database))
    index = path.with_name(f"{path.name}-shm")
    index.unlink()
    with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
        for n in range(20):
            stranger.execute(f"CREATE TABLE of_a_stranger_{n} (x)")
            with pytest.raises(StoreUnavailable, match="let nobody else write"):
                await database.write(add_receipt(f"later {n}"))
        assert stranger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert stranger.execute("SELECT count(*) FROM receipts").fetchone() == (1,)
    await database.close()
    with closing(sqlite3.connect(path)) as stranger:
        assert stranger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        made = stranger.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'of_a_%'")
        assert made.fetchone() == (20,)
    await after.open()
    assert len(await marks(after)) == 1
    await after.close()


async def test_a_damaged_file_is_a_store_that_is_away(new_sqlite: NewDatabase) -> None:
    """Whatever is asked fails, and is no fault of who asks."""
    before, database = new_sqlite(), new_sqlite()
    await before.open()
    await before.write(add_receipt("one"))
    await before.close()
    _spoil(Path(str(database.engine.url.database)), "receipts")
    await database.open()
    with pytest.raises(StoreUnavailable, match="malformed"):
        await marks(database)
    with pytest.raises(StoreUnavailable, match="malformed"):
        await database.write(add_receipt("two"))
    await database.close()


def _spoil(file: Path, table: str) -> None:
    """The first page of the table."""
    with closing(sqlite3.connect(file)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        found = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(found, (table,)).fetchone()
    with file.open("r+b") as pages:
        pages.seek((page - 1) * size)
        pages.write(b"\xff" * size)


async def test_a_file_that_is_no_database_prevents_the_start(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, this is not a database. " * 100)
    database = SqliteDatabase(path, pool_size=1, timeout_ms=100)
    with pytest.raises(StartupError, match=r"SQLITE_DATABASE_PATH.*not a database"):
        await database.open()
    await database.close()


async def test_a_file_of_an_unknown_format_prevents_the_start(tmp_path: Path) -> None:
    path = tmp_path / "of-the-future.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE anything (id INTEGER)")
    with path.open("r+b") as file:
        file.seek(SCHEMA_FORMAT)
        file.write((99).to_bytes(4, "big"))
    database = SqliteDatabase(path, pool_size=1, timeout_ms=100)
    with pytest.raises(StartupError, match="SQLITE_DATABASE_PATH: SQLite cannot use"):
        await database.open()
    await database.close()
