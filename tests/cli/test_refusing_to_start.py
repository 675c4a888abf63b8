"""A configuration that cannot work prevents the start."""

import subprocess
import sys
from pathlib import Path

import pytest

YABOT = Path(sys.executable).with_name("yabot")


@pytest.mark.criterion("5.2.5")
@pytest.mark.parametrize("command", [["run"], ["doctor"]], ids=" ".join)
def test_the_program_exits_78_with_every_mistake_and_no_secret(
    command: list[str], tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("API_PORT=0\nREDIS_URL=http://:hush-hush@h\n")
    ended = subprocess.run(
        [YABOT, *command],
        cwd=tmp_path,
        env={"POLLING_LIMIT": "many"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 78
    told = [line.partition(":")[0] for line in ended.stderr.splitlines()]
    assert told == ["POLLING_LIMIT", "REDIS_URL", "API_PORT"]
    assert "hush-hush" not in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / ".env"]
