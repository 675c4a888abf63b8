"""What time it is, ``yabot.clock`` says alone: with Python's own, a test's days would not pass."""

import subprocess
import sys

import pytest

from tests.architecture.modules import SOURCE


@pytest.mark.parametrize(
    ("imported", "asked"),
    [
        ("from datetime import date", "date.today()"),
        ("from datetime import UTC, datetime", "datetime.now(UTC)"),
        ("import datetime", "datetime.datetime.utcnow()"),
        ("import time", "time.time()"),
    ],
)
def test_pythons_own_is_refused(imported: str, asked: str) -> None:
    place = SOURCE / "features" / "daily_gift" / "service.py"
    check = [sys.executable, "-m", "ruff", "check", "--stdin-filename", str(place), "-"]
    source = f"{imported}\n\nlast = {asked}\n"
    done = subprocess.run(check, input=source, capture_output=True, text=True, check=False)
    assert "ask yabot.clock.utc_now" in done.stdout
