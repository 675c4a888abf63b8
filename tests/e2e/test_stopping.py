"""Stopping loses nothing: SIGTERM and Ctrl+C, in the middle of work and of a start."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.fork_server import listening_environment
from tests.e2e.invariants import verify
from tests.e2e.player import scenes
from tests.e2e.program import STOP_SECONDS, Program, runs
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.waiting import PATIENCE, wait_until

# Each stops or kills a program, and starts it again.
pytestmark = pytest.mark.slow

CROWD = [f"Reader {number}" for number in range(20)]


async def test_twenty_presses_are_not_lost_when_it_is_told_to_stop(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, redis_db: str
) -> None:
    servers = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}
    program = new_program(**servers, REDIS_URL=redis_db)
    await _stopped_while_a_crowd_presses(program, lambda: program.signal(signal.SIGTERM))


async def test_twenty_presses_are_not_lost_at_ctrl_c_and_no_engine_is_left(
    new_program: NewProgram,
) -> None:
    program = new_program()
    await _stopped_while_a_crowd_presses(program, program.interrupt_group)


async def _stopped_while_a_crowd_presses(program: Program, stop: Callable[[], None]) -> None:
    program.start()
    async with readers(program.url, *CROWD) as crowd:
        await asyncio.gather(*(reader.ask("/story") for reader in crowd))
        await asyncio.gather(*(reader.touch("c:letter:look") for reader in crowd))
        engines = program.engines()
        stop()
        assert program.exit_code() == 0
        assert program.stopped_in < STOP_SECONDS
        assert not any(map(runs, engines.values()))
        _ended_quietly(program)
        unfinished = program.has_left_work

        program.start()
        for reader in crowd:
            chat = await reader.until(lambda chat: "c:envelope:keep" in str(scenes(chat)))
            told = sum("El sobre" in message["text"] for message in chat)
            # What it says that it could not finish in its seconds may have been sent before.
            assert told == 1 or (unfinished and told == 2)
            events = program.stores.outbox(reader.user_id)
            assert [event["event_type"] for event in events].count("decision_made") == 1
        verify(program.stores)


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGTERM, "engine.started"),
        (signal.SIGINT, "collection.created"),
        (signal.SIGTERM, "playground.started"),
    ],
)
def test_a_start_can_be_stopped(
    new_program: NewProgram, number: signal.Signals, moment: str
) -> None:
    program = new_program()
    program.launch()
    wait_until(lambda: bool(program.logged(moment)))
    program.signal(number)
    assert program.exit_code() == 0
    assert not any(map(runs, program.engines().values()))
    _ended_quietly(program)


def test_ctrl_c_twice_is_ctrl_c_once(new_program: NewProgram) -> None:
    program = new_program()
    program.start()
    engines = program.engines()
    program.interrupt_group()
    wait_until(lambda: bool(program.logged("yabot.stopping")))
    program.interrupt_group()
    assert program.exit_code() == 0
    assert not any(map(runs, engines.values()))
    _ended_quietly(program)


def test_the_console_script_stops_at_ctrl_c_like_any_other(tmp_path: Path) -> None:
    """Once without the fork server: the very command that people type."""
    settings = listening_environment()
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("yabot")), "run"],
        cwd=tmp_path,
        env=settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        assert lines[-1] == f"Play at  http://127.0.0.1:{settings['PLAYGROUND_PORT']}\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert (tmp_path / ".yabot" / "yabot.db").exists()


async def test_killed_in_a_click_the_story_goes_on_at_the_same_address(
    new_program: NewProgram,
) -> None:
    program = new_program()
    program.start()
    address, engines = program.url, program.engines()
    async with readers(program.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await reader.ask("/story")
        await reader.touch("c:letter:look")
        program.kill9()
        wait_until(lambda: not any(map(runs, engines.values())))
        program.start()
        assert program.url == address
        assert f"Play at  {address}" in program.said.splitlines()[-1]
        await reader.until(lambda chat: "c:envelope:keep" in str(scenes(chat)))
        verify(program.stores)


def _ended_quietly(program: Program) -> None:
    assert program.sentences == []
    assert "exception" not in program.errors
    (stopping,) = program.logged("yabot.stopping")
    told = program.alarms()
    # A slow machine may have kept a store from answering in time; later none is gone before us.
    late = [line for line in told if line["timestamp"] > stopping["timestamp"]]
    assert [line["event"] for line in told if line["event"] != "store.lost"] == []
    assert [line for line in late if "no answer within" not in line["reason"]] == []
    assert program.log[-1]["event"] == "yabot.stopped"
