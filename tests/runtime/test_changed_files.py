"""What is made of files is made again when they have changed, and only by whole ones."""

from pathlib import Path

import pytest

from tests.certificates import put
from yabot.runtime.changed_files import ChangedFiles, Reloaded


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return put(tmp_path / "file", b"1")


def test_they_are_looked_at_now_and_then(file: Path) -> None:
    clock = Clock()
    files = ChangedFiles([file], every=1, clock=clock)
    put(file, b"2")
    assert files.changes == 0
    clock.now = 1
    assert files.changes == 1
    clock.now = 2
    assert files.changes == 1


def test_what_comes_and_goes_has_changed(file: Path, tmp_path: Path) -> None:
    files = ChangedFiles([file, tmp_path / "new"], every=0)
    (tmp_path / "new").touch()
    assert files.changes == 1
    file.unlink()
    assert files.changes == 2


def test_a_link_is_what_it_leads_to(file: Path, tmp_path: Path) -> None:
    """Kubernetes replaces the folder that its links lead through."""
    link = tmp_path / "link"
    link.symlink_to(file)
    files = ChangedFiles([link], every=0)
    put(file, b"2")
    assert files.changes == 1


def test_a_file_of_a_folder_counts(tmp_path: Path) -> None:
    files = ChangedFiles([tmp_path], every=0)
    put(tmp_path / "in it", b"1")
    assert files.changes == 1
    (tmp_path / "in it").write_bytes(b"22")
    assert files.changes == 2


def test_what_cannot_be_used_changes_nothing(file: Path) -> None:
    made = Reloaded(lambda: int(file.read_text()), ChangedFiles([file], every=0), "the number")
    assert made.current() == 1
    put(file, b"half of it")
    assert made.current() == 1
    put(file, b"2")
    assert made.current() == 2
