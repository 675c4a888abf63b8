"""A file that cannot be used is a sentence, and before the phase has changed if that can be."""

from pathlib import Path

import pytest

from tests.features.legacy.ending.test_rollback import (
    ANA,
    BEA,
    enter,
    folder,
    migrate,
    phase,
    roll_back,
)
from tests.features.legacy.side_by_side.both import Both
from yabot.cli.legacy.back import back_to_the_old_bot
from yabot.cli.legacy.importing import import_until_stopped
from yabot.errors import InvalidInput, StartupError
from yabot.settings import ConfigManager


@pytest.fixture
async def migrated(both: Both) -> Both:
    for reader in (ANA, BEA):
        both.earns_there(reader, 20)
    await migrate(both)
    return both


async def test_a_folder_in_the_files_place_begins_no_roll_back(migrated: Both) -> None:
    migrated.old.path.unlink()
    migrated.old.path.mkdir()
    with pytest.raises(InvalidInput, match=f"{migrated.old.path} is no file"):
        await roll_back(migrated)
    assert await phase(migrated) == "dual"


async def test_a_file_that_cannot_be_made_begins_no_roll_back(
    migrated: Both, tmp_path: Path
) -> None:
    disk = tmp_path / "disk that is not there"
    migrated.old.path.unlink()
    migrated.old.path.symlink_to(disk / "db.json")
    with pytest.raises(InvalidInput, match=f"{disk} is not there or cannot be written"):
        await roll_back(migrated)
    assert await phase(migrated) == "dual"
    disk.mkdir()
    assert (await roll_back(migrated)).restored


async def test_what_goes_wrong_behind_that_says_how_to_go_on(migrated: Both) -> None:
    await enter(migrated, "rolling_back")
    migrated.old.path.unlink()
    migrated.old.path.mkdir()
    settings = ConfigManager({"YABOT_DATA_DIR": str(folder(migrated).parent)}, None).load()
    with pytest.raises(StartupError) as told:
        await back_to_the_old_bot(migrated.house.world.services, settings, "a test", None)
    assert f"{migrated.old.path} cannot be used: is a directory" in str(told.value)
    assert "yabot legacy rollback" in str(told.value)


def test_reports_that_cannot_be_kept_end_an_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, kept_in = tmp_path / "db.json", tmp_path / "data" / "legacy"
    store.write_text("{}")
    kept_in.parent.mkdir()
    kept_in.write_text("no folder")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YABOT_DATA_DIR", str(kept_in.parent))
    with pytest.raises(StartupError, match=f"{kept_in} cannot be used: file exists"):
        import_until_stopped(store, rehearsal=True, refuse_at_most=5)
