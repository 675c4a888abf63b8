import os
from collections.abc import Callable
from pathlib import Path

import pytest

from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.errors import ConfigurationError

from .conftest import Program, kill_all, runs, save, saved, started


async def test_an_engine_without_parent_and_watcher_is_ended_and_its_data_kept(
    start_program: Callable[[], Program], tmp_path: Path
) -> None:
    program, stranger = start_program(), EmbeddedValkey(tmp_path / "elsewhere")
    await save(program.mongodb, "kept")
    await save(program.redis, "kept")
    kill_all(program.watchers())
    program.kill()
    assert all(runs(pid) for pid in program.engines)
    async with started(stranger), started(EmbeddedMongod(tmp_path)) as uri:
        assert [runs(pid) for pid in program.engines] == [False, True]
        async with started(EmbeddedValkey(tmp_path)) as url:
            assert not runs(program.valkey)
            assert (await saved(uri), await saved(url)) == ("kept", "kept")
        assert stranger.pid is not None


async def test_acknowledged_writes_outlive_the_death_of_every_process(
    start_program: Callable[[], Program], tmp_path: Path
) -> None:
    program = start_program()
    await save(program.mongodb, "kept")
    kill_all([*program.watchers(), *program.engines])
    program.kill()
    async with started(EmbeddedMongod(tmp_path)) as uri:
        assert await saved(uri) == "kept"


async def test_a_second_program_on_the_same_data_is_told_at_once(tmp_path: Path) -> None:
    async with started(EmbeddedValkey(tmp_path)) as address:
        with pytest.raises(ConfigurationError) as told:
            await EmbeddedValkey(tmp_path).start()
        assert str(told.value) == (
            f"YABOT_DATA_DIR: {tmp_path}/valkey is in use by process {os.getpid()}: "
            "stop that program, or name another folder."
        )
        await save(address, "undisturbed")
