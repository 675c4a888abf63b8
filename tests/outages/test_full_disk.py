"""A full disk under SQLite is a store away, and not the end of the program."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.e2e.invariants import verify
from tests.e2e.reader import readers
from tests.outages.world import World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until
from yabot.storage.relational.database import Statement
from yabot.storage.relational.sqlite import SqliteDatabase

MEGABYTES = 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, which only root may mount."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path) -> Path:
    """All that is left of it; gives back the file that holds it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            return ballast
    raise AssertionError("the disk has no end")


def is_told_full(world: World) -> bool:
    """A look may have been too late before, and said so."""
    changes = world.program.logged("health.changed")
    reasons = [line["reason"] or "" for line in changes if line["component"] == "sql"]
    return any("disk is full" in reason for reason in reasons)


@pytest.mark.criterion("1.1.5", "5.1.5")
async def test_a_full_disk_is_waited_out(small_disk: Path, new_world: NewWorld) -> None:
    database = small_disk / "yabot.db"
    world = new_world(SQLITE_DATABASE_PATH=str(database))
    world.stores.sqlite = database
    world.program.start()
    async with readers(world.program.url, "Lucía", "Nico") as (lucia, nico):
        await lucia.ask("/start")
        ballast = fill(small_disk)
        world.until_noticed("sql")
        wait_until(lambda: is_told_full(world))
        assert world.program.health("ready")[0] == 503
        (closed,) = await nico.ask("/start")
        assert "cerrado" in closed["text"]
        await lucia.send("/story")

        ballast.unlink()
        world.until_well()
        await lucia.until(lambda chat: "c:letter:look" in str(chat))
        verify(world.stores)
        wait_until(lambda: world.told_in_turn("sql"))
    assert world.program.stop() == 0
    assert "Traceback" not in world.program.errors


async def test_a_disk_that_is_full_from_the_start_is_waited_out(
    small_disk: Path, new_world: NewWorld
) -> None:
    ballast = fill(small_disk)
    world = new_world(SQLITE_DATABASE_PATH=str(small_disk / "yabot.db"))
    world.program.launch()
    world.program.wait_started()
    assert world.status("sql")["status"] == "failed"
    assert world.program.health("live")[0] == 200
    async with readers(world.program.url, "Lucía") as (lucia,):
        (closed,) = await lucia.ask("/start")
        assert "cerrado" in closed["text"]
        ballast.unlink()
        world.until_well()
        (page,) = await lucia.ask("/story")
        assert "c:letter:look" in str(page)
    assert world.program.stop() == 0


async def test_a_group_that_finds_the_disk_full_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """SQLite may take the whole transaction back by itself, savepoints and all."""
    database = SqliteDatabase(tmp_path / "small.db", pool_size=1, timeout_ms=5000)
    await database.open()
    await database.write(_runs("CREATE TABLE notes (text)"))
    await database.write(_runs("PRAGMA max_page_count = 20"))
    large, small = "INSERT INTO notes VALUES (randomblob(1000000))", "INSERT INTO notes VALUES (1)"
    outcomes = await asyncio.gather(
        *(database.write(_runs(statement)) for statement in (small, large, small)),
        return_exceptions=True,
    )
    assert all("full" in str(outcome) for outcome in outcomes)
    await database.write(_runs(small))
    count = "SELECT count(*) FROM notes"
    assert await database.read(lambda c: c.exec_driver_sql(count).scalar()) == 1
    await database.close()


def _runs(statement: str) -> Statement[None]:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return run
