"""MongoDB fails at one question and is there all the while: no reader hears of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.invariants import settle, verify
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.failing_mongod import fail_next, running_failing_mongod

DATABASE = "failing"
# MongoDB's MaxTimeMSExpired.
TIME_IS_UP = 50


@pytest.fixture
def failing_mongod(tmp_path: Path) -> Iterator[str]:
    with running_failing_mongod(tmp_path / "mongod") as uri:
        yield uri


def fail_at_the_next_readers_state(uri: str) -> None:
    """By what the driver does not try again itself. Each update asks for it twice: how to speak
    with the reader can be known without it, where the reader stands cannot.
    """
    namespace = f"{DATABASE}.users"
    fail_next(uri, TIME_IS_UP, times=2, failCommands=["find"], namespace=namespace)


@pytest.mark.criterion("1.1.2", "5.1.5")
async def test_a_press_is_not_refused_for_a_lone_failure(
    new_program: NewProgram, failing_mongod: str, redis_db: str
) -> None:
    program = new_program(MONGODB_URI=failing_mongod, MONGODB_DATABASE=DATABASE, REDIS_URL=redis_db)
    program.start()
    async with readers(program.url, "Lucía") as (lucia,):
        await lucia.ask("/story")
        settle(program.stores)
        # It has read her state, and would not ask for it again.
        assert program.stop() == 0
        program.start()
        fail_at_the_next_readers_state(failing_mongod)
        await lucia.press("c:letter:look")
        assert "El sobre" in (await lucia.answers())[-1]["text"]
        assert program.logged("decision.made_again")
        assert {line["event"] for line in program.alarms()} <= {"store.lost"}
        verify(program.stores)
    assert program.stop() == 0
