"""SQLite's write-ahead log after a peak."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.log.units import add_receipt
from tests.waiting import until
from yabot.storage.relational.database import Database
from yabot.storage.relational.sqlite import LARGEST_LOG

pytestmark = pytest.mark.standard

MEBIBYTE = 1024 * 1024


async def test_the_log_shrinks_when_a_peak_is_over(sqlite_database: Database) -> None:
    log = Path(f"{sqlite_database.engine.url.database}-wal")
    done = threading.Event()
    async with asyncio.TaskGroup() as group:
        # Whoever reads keeps SQLite from beginning the log anew.
        reading = asyncio.Event()
        loop = asyncio.get_running_loop()

        def read(connection: Connection) -> None:
            connection.exec_driver_sql("SELECT count(*) FROM receipts").scalar()
            loop.call_soon_threadsafe(reading.set)
            done.wait()

        group.create_task(sqlite_database.read(read))
        await reading.wait()
        await sqlite_database.write(_large)
        peak = log.stat().st_size
        # A log that cannot be cut yet keeps nobody from writing.
        await sqlite_database.write(add_receipt("meanwhile"))
        done.set()
    assert peak > 2 * LARGEST_LOG

    beats = 0

    async def is_small() -> bool:
        nonlocal beats
        beats += 1
        await sqlite_database.write(add_receipt(f"beat {beats}"))
        # It has been emptied, not only cut to the size up to which SQLite may keep it.
        return log.stat().st_size < MEBIBYTE

    await until(is_small)


SECRET = "my cat is called Misu"


async def test_nothing_of_what_was_deleted_stays_in_any_file(sqlite_database: Database) -> None:
    """Neither in a page that is free by now, nor in the write-ahead log."""
    path = Path(str(sqlite_database.engine.url.database))
    files = [path, Path(f"{path}-wal")]

    def keep(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE said (text TEXT)")
        for n in range(100):
            connection.exec_driver_sql(f"INSERT INTO said VALUES ('{n} {SECRET * 20}')")

    def forget(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM said WHERE rowid <= 50")
        connection.exec_driver_sql("UPDATE said SET text = ''")

    await sqlite_database.write(keep)
    assert any(SECRET.encode() in file.read_bytes() for file in files)
    await sqlite_database.write(forget)
    sqlite_database.cut_log()
    beats = 0

    async def is_gone() -> bool:
        nonlocal beats
        beats += 1
        # Much sooner than SQLite itself begins the log anew.
        assert beats <= 100
        await sqlite_database.write(add_receipt(f"beat {beats}"))
        return not any(SECRET.encode() in file.read_bytes() for file in files)

    await until(is_gone)


def _large(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE large (content BLOB)")
    for _ in range(2 * LARGEST_LOG // MEBIBYTE + 1):
        connection.exec_driver_sql(f"INSERT INTO large VALUES (zeroblob({MEBIBYTE}))")
