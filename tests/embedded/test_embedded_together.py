"""Both engines start side by side."""

import asyncio
import os
from pathlib import Path

import pytest

from yabot.app.stores import open_stores
from yabot.errors import StartupError
from yabot.settings import Settings


async def test_when_one_ends_the_other_is_given_up_before_the_error_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What still ran then would print a traceback beside the sentence, when the loop is closed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, commands in {"mongod": "exit 1", "valkey-server": "exec sleep 600"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{commands}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    with pytest.raises(StartupError, match="mongod ended with status 1"):
        async with open_stores(Settings(data_dir=tmp_path)):
            pass
    assert asyncio.all_tasks() == {asyncio.current_task()}
