"""What is another user's is not used; what is ours, and too wide, is narrowed."""

import os
from pathlib import Path

import pytest

from yabot.app.stores import open_database
from yabot.errors import ConfigurationError
from yabot.observability.handlers import rotating_file
from yabot.private_files import private_file, private_folder
from yabot.settings import LoggingSettings, Settings, SqlSettings
from yabot.storage.relational.sqlite import SqliteDatabase

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        private_folder(tmp_path / "new", "DIR", "mark")
    finally:
        os.umask(before)
    assert mode(tmp_path / "new") == 0o700


def test_only_a_folder_of_ours_is_narrowed(tmp_path: Path) -> None:
    ours, home = tmp_path / "ours", tmp_path / "home"
    for folder in (ours, home):
        folder.mkdir()
        folder.chmod(0o755)
    (ours / "mark").touch()
    for folder in (ours, home):
        private_folder(folder, "DIR", "mark")
    assert mode(ours) == 0o700
    assert mode(home) == 0o755


def test_a_folder_that_others_may_write_into_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigurationError, match=f"DIR: others may write into {tmp_path}; run"):
        private_folder(tmp_path, "DIR", "mark")


def test_a_wide_file_of_ours_is_narrowed(tmp_path: Path) -> None:
    file = tmp_path / "yabot.db"
    private_file(file, "FILE")
    assert not file.exists()
    file.touch()
    file.chmod(0o664)
    private_file(file, "FILE")
    assert mode(file) == 0o600


def test_what_the_file_system_refuses_is_told_with_the_variable(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(ConfigurationError, match=r"FILE: .*/yabot.db cannot be used: "):
        private_file(tmp_path / "a file" / "yabot.db", "FILE")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.touch()
    with pytest.raises(
        ConfigurationError, match=f"DIR: {file} cannot be used: {file} is no folder"
    ):
        private_folder(file, "DIR", "mark")


async def test_a_folder_that_sqlite_cannot_make_is_told_with_the_variable(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    database = SqliteDatabase(tmp_path / "a file" / "yabot.db", pool_size=1, timeout_ms=1000)
    with pytest.raises(ConfigurationError, match=r"SQLITE_DATABASE_PATH: .*/a file cannot be used"):
        await database.open()
    await database.close()


@as_root
def test_what_another_user_owns_is_refused(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.touch()
    folder.mkdir()
    for path in (file, folder):
        os.chown(path, NOBODY, NOBODY)
    with pytest.raises(ConfigurationError, match=f"FILE: {file} belongs to another user"):
        private_file(file, "FILE")
    with pytest.raises(ConfigurationError, match=f"DIR: {folder} belongs to another user"):
        private_folder(folder, "DIR", "mark")


@as_root
@pytest.mark.parametrize("target", ["there", "nowhere"])
def test_a_link_that_another_user_has_laid_is_not_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "there").write_text("ours")
    link = tmp_path / "yabot.db"
    link.symlink_to(tmp_path / target)
    private_file(link, "FILE")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match=f"FILE: {link} belongs to another user"):
        private_file(link, "FILE")


def test_a_wide_database_of_an_earlier_version_is_narrowed(tmp_path: Path) -> None:
    files = [tmp_path / f"yabot.db{part}" for part in ("", "-wal", "-shm")]
    for file in files:
        file.touch()
        file.chmod(0o644)
    open_database(Settings(sql=SqlSettings(sqlite_path=files[0])))
    assert [mode(file) for file in files] == [0o600] * 3


@as_root
def test_a_log_that_another_user_could_read_or_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "yabot.log"
    link.symlink_to(tmp_path / "elsewhere")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match=f"LOG_FILE_PATH: {link} belongs to another user"):
        rotating_file(LoggingSettings(file_path=link))
    assert not (tmp_path / "elsewhere").exists()
