"""Both engines start side by side, and one of a program that ends is its sharer's from then on."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.embedded.conftest import ENGINES, Program, save, saved, wait_until_ended
from tests.waiting import until
from yabot.app.engines import starting_engine
from yabot.app.stores import open_stores
from yabot.embedded.engine import EmbeddedEngine
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


@ENGINES
async def test_whoever_shares_an_engine_takes_it_over_when_its_program_ends(
    engine_class: type[EmbeddedEngine],
    start_program: Callable[[], Program],
    tmp_path: Path,
) -> None:
    """A bot started beside a command, which had brought the engine up, keeps its store."""
    program = start_program()
    engine = engine_class(tmp_path)

    async def has_it_back() -> bool:
        try:
            return engine.pid is not None and await saved(uri) == "of the first"
        except engine.client_errors:
            return False

    async with starting_engine(engine) as starting:
        uri = await starting
        await save(uri, "of the first")
        program.kill()
        await until(has_it_back)
        pid = engine.pid
    assert pid
    wait_until_ended([pid])
