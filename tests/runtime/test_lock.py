"""A data directory is one program's; what stands in the way is told with the variable."""

from pathlib import Path

import pytest

from tests.few_files import no_more_files
from yabot.errors import ConfigurationError
from yabot.machine_limits import LimitReached
from yabot.runtime.lock import MARK, data_directory_lock, is_locked


def refusal(directory: Path) -> str:
    with pytest.raises(ConfigurationError) as refused, data_directory_lock(directory):
        pass
    (problem,) = refused.value.problems
    return problem


def test_a_second_program_is_refused(tmp_path: Path) -> None:
    with data_directory_lock(tmp_path):
        assert is_locked(tmp_path)
        assert refusal(tmp_path).startswith(f"YABOT_DATA_DIR: another YABOT runs on {tmp_path};")
    assert not is_locked(tmp_path)
    with data_directory_lock(tmp_path):
        pass


@pytest.mark.parametrize("kind", ["directory", "link"])
def test_a_lock_file_that_cannot_be_opened_is_named(tmp_path: Path, kind: str) -> None:
    mark = tmp_path / MARK
    if kind == "directory":
        mark.mkdir()
    else:
        (tmp_path / "elsewhere").touch()
        mark.symlink_to(tmp_path / "elsewhere")
    told = refusal(tmp_path)
    assert told.startswith(f"YABOT_DATA_DIR: {mark} cannot be used: ")
    assert "name another directory" in told


def test_a_limit_of_the_machine_is_no_mistake_in_the_configuration(tmp_path: Path) -> None:
    told = "may not open as many files as it needs"
    with no_more_files(), pytest.raises(LimitReached, match=told), data_directory_lock(tmp_path):
        pass
