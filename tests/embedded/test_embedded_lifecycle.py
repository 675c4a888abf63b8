import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from redis.exceptions import RedisError
from structlog.testing import capture_logs

from tests.waiting import until, wait_until
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.folder import EngineFolder
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

from .conftest import Program, runs, save, saved, started, wait_until_ended


@pytest.mark.parametrize("engine_class", [EmbeddedMongod, EmbeddedValkey])
async def test_a_restart_keeps_the_data_and_the_address(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    async with started(engine_class(tmp_path)) as address:
        await save(address, "first")
    async with started(engine_class(tmp_path)) as again:
        assert again == address
        assert await saved(again) == "first"


async def test_the_pid_is_the_engines_while_it_runs(tmp_path: Path) -> None:
    engine = EmbeddedValkey(tmp_path)
    assert engine.pid is None
    async with started(engine):
        pid = engine.pid
        assert pid is not None
        assert runs(pid)
    assert engine.pid is None
    assert not runs(pid)


async def test_a_killed_engine_can_be_started_again(tmp_path: Path) -> None:
    engine = EmbeddedValkey(tmp_path)
    async with started(engine) as address:
        await save(address, "acknowledged")
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(lambda: engine.pid is None)
    async with started(engine) as address:
        assert await saved(address) == "acknowledged"


async def test_the_engines_end_when_their_parent_is_killed(
    start_program: Callable[[], Program],
) -> None:
    program = start_program()
    watchers = program.watchers()
    program.kill()
    wait_until_ended([*program.engines, *watchers])


async def test_a_start_right_after_the_parents_death_finds_everything(
    start_program: Callable[[], Program], tmp_path: Path
) -> None:
    program = start_program()
    await save(program.mongodb, "kept")
    await save(program.redis, "kept")
    program.kill()
    async with started(EmbeddedMongod(tmp_path)) as uri, started(EmbeddedValkey(tmp_path)) as url:
        assert (uri, url) == (program.mongodb, program.redis)
        assert (await saved(uri), await saved(url)) == ("kept", "kept")


async def test_ctrl_c_reaches_the_program_and_not_its_engines(
    start_program: Callable[[], Program], tmp_path: Path
) -> None:
    program = start_program()
    os.killpg(program.process.pid, signal.SIGINT)
    assert program.says() == "interrupted"
    await save(program.mongodb, "a last write")
    await save(program.redis, "a last write")
    log = (tmp_path / "mongod" / "engine.log").read_text()
    assert '"msg":"Received signal"' not in log
    assert all(os.getsid(pid) != os.getsid(program.process.pid) for pid in program.engines)
    program.let_go()
    assert not any(runs(pid) for pid in program.engines)


async def test_a_cancelled_start_leaves_nothing_behind(tmp_path: Path) -> None:
    engine = EmbeddedMongod(tmp_path)
    starting = asyncio.create_task(engine.start())
    await asyncio.sleep(0)  # as far as its first wait
    pid = engine.pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert engine.pid is None
    assert not runs(pid)
    folder = EngineFolder(tmp_path / "mongod")
    folder.claim()
    folder.release()


async def test_a_stop_that_is_cancelled_leaves_the_next_one_to_wait_for_the_end(
    tmp_path: Path,
) -> None:
    """As a start does that is cancelled again and again: nobody else may have the folder before."""
    engine = EmbeddedValkey(tmp_path)
    await engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    stopping = asyncio.create_task(engine.stop())
    await until(no_process(engine))
    stopping.cancel()
    await asyncio.wait([stopping])
    asyncio.get_running_loop().call_later(0.05, os.kill, pid, signal.SIGCONT)
    await engine.stop()
    assert not runs(pid)


def no_process(engine: EmbeddedEngine) -> Callable[[], Awaitable[bool]]:
    async def has_none() -> bool:
        return engine.pid is None

    return has_none


async def test_an_engine_that_does_not_end_is_killed(tmp_path: Path) -> None:
    engine = EmbeddedValkey(tmp_path)
    await engine.start()
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with capture_logs() as logs:
        await engine.stop()
    # Only the log tells it from an engine that has ended by itself.
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == [
        "engine.killed"
    ]
    assert not runs(pid)


async def test_an_engine_that_cannot_be_started_for_now_is_tried_again(tmp_path: Path) -> None:
    """Its folder is not to be written to, as on a disk that is full."""
    engine = EmbeddedValkey(tmp_path)
    async with started(engine) as address:
        keeping = asyncio.create_task(engine.keep_running())
        users = tmp_path / "valkey" / "users.acl"
        users.unlink()
        users.mkdir()
        assert engine.pid is not None
        with capture_logs() as logs:
            os.kill(engine.pid, signal.SIGKILL)

            async def is_told() -> bool:
                return any(entry["event"] == "engine.not_restarted" for entry in logs)

            await until(is_told)
        assert not keeping.done()
        users.rmdir()

        async def serves() -> bool:
            with suppress(RedisError):
                await save(address, "again")
                return True
            return False

        await until(serves)
        keeping.cancel()
