"""MongoDB fails at one question and is there all the while: no reader hears of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from typing_extensions import override

from tests.e2e.invariants import settle, verify
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.outages.servers import EngineServer
from yabot.embedded.mongod import EmbeddedMongod

DATABASE = "failing"
# MongoDB's MaxTimeMSExpired.
TIME_IS_UP = 50


class FailingMongod(EmbeddedMongod):
    """It can be told to fail."""

    @override
    def _arguments(self, port: int, data: Path) -> list[str]:
        return [*super()._arguments(port, data), "--setParameter", "enableTestCommands=1"]


@pytest.fixture
def failing_mongod(tmp_path: Path) -> Iterator[str]:
    server = EngineServer(FailingMongod(tmp_path / "mongod"))
    asyncio.run(server.start())
    yield server.address(DATABASE)
    asyncio.run(server.end())


def fail_at_the_next_readers_state(uri: str) -> None:
    """By what the driver does not try again itself. Each update asks for it twice: how to speak
    with the reader can be known without it, where the reader stands cannot.
    """
    how = {"failCommands": ["find"], "namespace": f"{DATABASE}.users", "errorCode": TIME_IS_UP}
    with MongoClient[dict[str, object]](uri) as client:
        client.admin.command("configureFailPoint", "failCommand", mode={"times": 2}, data=how)


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
