"""`yabot events tail` outlives the Redis that it listens to."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.bus.valkey import Server, server
from tests.cli.test_standard_files import YABOT, left_by_its_reader
from tests.e2e.fork_server import console_environment
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.events.samples import envelope
from tests.waiting import until

CHANNEL = "user_registered"
AWAY = "Redis is away; events that are published meanwhile are not shown: "
BACK = "Redis is back: events are shown again"


async def test_it_goes_on_when_redis_is_back(new_program: NewProgram, tmp_path: Path) -> None:
    async with server(tmp_path / "valkey") as valkey:
        tail = new_program("events", "tail", "--json", REDIS_URL=valkey.url)
        tail.launch()
        await until(lambda: is_shown(valkey, tail, "before"))
        for n in (1, 2):
            await valkey.kill()
            await until(lambda: says_that_it_is_away(tail))
            await valkey.start()
            await until(lambda n=n: is_shown(valkey, tail, f"after {n}"))  # type: ignore[misc]
        listening, *told = tail.sentences
        assert listening.startswith("Listening: ")
        assert times_away(told) >= 2
        assert tail.stop() == 0


async def test_it_waits_for_a_redis_that_is_not_there_yet(
    new_program: NewProgram, tmp_path: Path
) -> None:
    async with server(tmp_path / "valkey") as valkey:
        await valkey.kill()
        tail = new_program("events", "tail", "--json", REDIS_URL=valkey.url)
        tail.launch()
        await until(lambda: has_said(tail, 1))
        await valkey.start()
        await until(lambda: is_shown(valkey, tail, "at last"))
        assert times_away(tail.sentences) >= 1
        tail.interrupt_group()
        assert tail.exit_code() == 0


@pytest.mark.slow
async def test_it_ends_when_its_reader_has_left(tmp_path: Path) -> None:
    async with server(tmp_path / "valkey") as valkey:
        output = left_by_its_reader()
        tail = subprocess.Popen(
            [YABOT, "events", "tail"],
            cwd=tmp_path,
            env=console_environment() | {"REDIS_URL": valkey.url},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(output)
        try:
            told = envelope(CHANNEL, {}, user_id="7").to_json()

            async def has_ended() -> bool:
                await valkey.redis.publish(CHANNEL, told)
                return tail.poll() is not None

            await until(has_ended)
        finally:
            tail.kill()
            _, errors = tail.communicate()
        assert tail.returncode == 0
        assert errors.startswith("Listening: ")
        assert "Traceback" not in errors


async def is_shown(valkey: Server, tail: Program, name: str) -> bool:
    """Published until then: what nobody has heard is gone, as what somebody has not read yet who
    has to connect anew."""
    try:
        told = envelope(CHANNEL, {}, user_id="7").model_copy(update={"event_id": name})
        # What is no event is not shown.
        await valkey.redis.publish(CHANNEL, "garbage")
        await valkey.redis.publish(CHANNEL, told.to_json())
    except RedisConnectionError:
        return False
    return any(json.loads(line)["event_id"] == name for line in tail.lines)


async def says_that_it_is_away(tail: Program) -> bool:
    return tail.sentences[-1:] != [] and tail.sentences[-1].startswith(AWAY)


def times_away(told: Sequence[str]) -> int:
    """How often Redis was told away, and then back; a busy machine may keep it from answering as
    well."""
    assert all(away.startswith(AWAY) for away in told[::2])
    assert told[1::2] == [BACK] * (len(told) // 2)
    return len(told) // 2


async def has_said(tail: Program, sentences: int) -> bool:
    return len(tail.sentences) >= sentences
