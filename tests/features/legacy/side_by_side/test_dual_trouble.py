"""What can go wrong between both bots costs nobody anything, and is told in one sentence."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.features.legacy import old_bot
from tests.features.legacy.old_bot import FIRST_ID, write_old_store
from tests.features.legacy.side_by_side.both import Both, new_both
from tests.features.legacy.sources.test_sqlite_file import EVERYTHING, SCHEMA, made
from yabot.features.legacy import waiting
from yabot.features.legacy.old_files.old_file import OldFileUnusable
from yabot.features.legacy.phases import Migrations
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.criterion("5.4.3")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """It has room for little."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", folder)
    may_mount = os.geteuid() == 0 and shutil.which("mount") is not None
    if not may_mount or subprocess.run(mount, check=False).returncode:
        pytest.skip("needs root, who may mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def on_disk(database: Database, documents: DocumentStore, tmp_path: Path, disk: Path) -> Both:
    write_old_store(disk / "db.json", users=60)
    (tmp_path / "db.json").symlink_to(disk / "db.json")
    return new_both(database, documents, tmp_path)


async def test_a_disk_that_fills_leaves_the_file_whole(on_disk: Both, disk: Path) -> None:
    both = on_disk
    await both.round()
    await both.comes(FIRST_ID)
    before, had = both.old.path.read_bytes(), await both.has(FIRST_ID)
    await both.earns(FIRST_ID, 7)
    filling = disk / "filling"
    filling.write_bytes(bytes(shutil.disk_usage(disk).free - 4096))
    for _ in range(10):
        with pytest.raises(OldFileUnusable, match="No space left"):
            await both.round()
    assert both.old.path.read_bytes() == before
    assert sorted(each.name for each in disk.iterdir()) == ["db.json", "filling"]
    # What the old bot can still write is taken in meanwhile, and the mark is not used up.
    filling.unlink()
    both.earns_there(FIRST_ID, 2)
    await both.rounds()
    assert await both.has(FIRST_ID) == had + 9
    profile = both.there()[str(FIRST_ID)]
    assert (profile["kisses"], profile["metadata"]["yabot"]) == (had + 9, 1)


async def test_an_old_bot_that_works_meanwhile_loses_nothing(both: Both) -> None:
    """In a process of its own, as fast as it can, while we write whenever we can."""
    readers = [FIRST_ID, FIRST_ID + 1]
    for reader in readers:
        both.earns_there(reader, 1)
    await both.round()
    for reader in readers:
        await both.comes(reader)
    told = ("--turns", "60", "--seed", "5")
    process = subprocess.Popen(
        [sys.executable, "-m", old_bot.__name__, both.old.path, *told], stdout=subprocess.PIPE
    )
    earned = 0
    while process.poll() is None:
        earned += 1
        for reader in readers:
            await both.earns(reader, 1)
        await both.round()
        await asyncio.sleep(0.05)
    said, _ = process.communicate()
    assert process.returncode == 0
    await both.rounds(4)
    gained = {int(key): value for key, value in json.loads(said).items()}
    there = {int(key): profile["kisses"] for key, profile in both.there().items()}
    here = {reader: await both.has(reader) for reader in readers}
    assert here == there
    if not both.collided:
        assert here == {reader: 6 + earned + gained.get(reader, 0) for reader in readers}
    assert await both.house.audits() == []


async def test_who_waits_is_written_by_the_next_start(
    both: Both, database: Database, documents: DocumentStore, tmp_path: Path
) -> None:
    """Killed behind the note, and before anything else."""
    await both.comes(7)
    await both.earns(7, 4)
    again = new_both(database, documents, tmp_path)
    await again.rounds()
    assert again.there()["7"]["kisses"] == 4


async def test_a_store_that_is_gone_is_told_and_readers_are_served(both: Both) -> None:
    whole = both.old.path.read_text()
    both.old.path.unlink()
    with pytest.raises(OldFileUnusable, match="not there"):
        await both.round()
    await both.comes(7)
    await both.earns(7, 2)
    both.old.path.write_text(whole)
    await both.rounds()
    assert both.there()["7"]["kisses"] == 2


@pytest.mark.slow
async def test_large_files_are_read_and_written_apart(both: Both) -> None:
    """By processes of their own: the loop turns meanwhile, and the outcome is the same."""
    both.dual.following.small = both.dual.mirror.small = 0
    both.earns_there(7, 20)
    await both.round()
    await both.comes(7)
    await both.earns(7, 3)
    await both.rounds()
    assert await both.has(7) == both.there()["7"]["kisses"] == 28
    both.old.path.write_text("{")
    await both.earns(7, 1)
    both.dual.mirror.still_written = 0.0
    with pytest.raises(OldFileUnusable, match="torn"):
        await both.round()


async def test_nothing_is_read_or_written_behind_the_migration(both: Both) -> None:
    migrations = Migrations(both.house.world.services.database)

    async def begin(work: UnitOfWork) -> None:
        await migrations.begin(work, "json", both.old.path, both.old.path)

    async def complete(work: UnitOfWork) -> None:
        await migrations.enter(work, "completed")

    async def work_on(work: UnitOfWork) -> None:
        await migrations.enter(work, "dual")

    for n, step in enumerate((begin, work_on, complete)):
        await both.house.world.decide(f"phase {n}", step)
    both.earns_there(7, 20)
    before = both.old.path.read_bytes()
    await both.comes(7)
    await both.earns(7, 2)
    await both.rounds()
    assert await both.has(7) == 2
    assert both.old.path.read_bytes() == before
    assert await both.house.world.services.database.read(waiting.count) == 0


async def test_another_file_than_was_imported_is_neither_followed_nor_written(
    both: Both, tmp_path: Path
) -> None:
    """A copy of some other time: a roll-back would write into the one, of what the other says."""
    imported, named = tmp_path / "imported.json", both.old.path
    shutil.copy(named, imported)

    async def begin(work: UnitOfWork) -> None:
        await both.dual.migrations.begin(work, "json", imported, imported)

    await both.house.world.decide("begin", begin)
    both.earns_there(7, 20)
    await both.comes(7)
    await both.earns(7, 2)
    before = named.read_bytes()
    with pytest.raises(OldFileUnusable, match=f"another file was imported: set it to {imported}"):
        await both.round()
    assert (await both.has(7), named.read_bytes()) == (2, before)
    # Whatever links lead there.
    named.replace(imported)
    named.symlink_to(imported)
    await both.rounds()
    assert await both.has(7) == both.there()["7"]["kisses"] == 27


async def test_the_bot_before_that_is_followed_and_never_written(
    database: Database, documents: DocumentStore, tmp_path: Path
) -> None:
    path = made(tmp_path / "db.json", SCHEMA, EVERYTHING)
    both = new_both(database, documents, tmp_path)
    before = path.read_bytes()
    await both.round()
    await both.comes(8)
    assert await both.has(8) == 3
    await both.earns(8, 2)
    await both.house.world.delete(user_id="8")
    await both.rounds()
    assert path.read_bytes() == before
    assert await database.read(waiting.count) == 0
    snapshot = await both.dual.following.run_once(None)
    assert snapshot.find("8") is None
    snapshot.close()


async def test_who_cannot_be_written_yet_holds_up_nobody_behind_them(
    both: Both, documents: DocumentStore
) -> None:
    both.dual.mirror.at_once = 1
    for reader in (7, 8):
        await both.comes(reader)
    await both.rounds()
    for reader in (7, 8):
        await both.earns(reader, 3)
    await both.house.catch_up()
    await documents["users"].delete_one({"_id": "7"})
    await both.rounds()
    assert {key: each["kisses"] for key, each in both.there().items()} == {"7": 0, "8": 3}


async def test_a_torn_file_with_a_time_to_come_is_called_torn(both: Both) -> None:
    await both.comes(7)
    await both.rounds()
    both.old.path.write_text(both.old.path.read_text()[:-5])
    to_come = time.time() + 3600
    os.utime(both.old.path, (to_come, to_come))
    await both.earns(7, 3)
    with pytest.raises(OldFileUnusable, match="is torn"):
        await both.round()
