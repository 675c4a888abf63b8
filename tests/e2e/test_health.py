"""What the health endpoints say while things come, go and return."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.invariants import verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Json, Program, runs
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.waiting import wait_until
from yabot.embedded.valkey import EmbeddedValkey

GROUPS = ("alerts", "rewards", "subscriptions")
# Of a program that does everything: the stores, Telegram, and each loop that works with them.
COMPONENTS = {
    *("sql", "mongodb", "redis", "telegram"),
    *("intake", "backlog", "documents", "relay", "streams", "retention", "forgotten"),
    *("inbound", "alerts", "gift notices", "payments", "legacy", "workflows"),
    *("resumption", "rounds", "messages"),
    *(
        f"{loop} of {group}"
        for loop in ("leases", "partitions")
        for group in ("bot", "inbound", *GROUPS)
    ),
    *(f"subscribers of {group}" for group in GROUPS),
    "deadlines of subscriptions",
}
# Where a start, and a stop, stands still until it has been looked at.
MAKES_ITS_TABLES = KillPoint("sql", "CREATE TABLE", fate="wait")
KILLS_AN_ENGINE = KillPoint("log", "engine.killed", fate="wait")


@pytest.fixture
async def valkey(tmp_path: Path) -> AsyncIterator[EmbeddedValkey]:
    """A Valkey of this test alone, to be stopped and started again; not running yet."""
    engine = EmbeddedValkey(tmp_path / "elsewhere")
    yield engine
    await engine.stop()


@pytest.mark.criterion("rel.4")
def test_it_lives_before_it_has_started_and_is_ready_after(new_program: NewProgram) -> None:
    program = new_program()
    program.launch(MAKES_ITS_TABLES)
    wait_until(lambda: KillPoint.is_waited_at(program.kill_file))
    wait_until(lambda: program.health("live")[0] == 200)
    status, refused = program.asked("/asyncapi.json")
    assert (status, refused["code"]) == (503, "not_open")
    assert "The program is starting" in refused["detail"]
    assert program.health("startup") == (503, {"status": "starting"})
    assert program.health("ready")[0] == 503
    KillPoint.disarm(program.kill_file)
    program.wait_ready()
    assert program.health("live") == (200, {"status": "ok"})
    assert program.health("startup") == (200, {"status": "ok"})
    status, body = program.health("ready")
    assert (status, body["status"]) == (200, "ok")
    assert program.asked("/asyncapi.json")[0] == 200
    assert COMPONENTS - set(body["components"]) == set()
    for component in body["components"].values():
        assert component["status"] == "ok"
        assert component["since"]
        assert set(component) == {"status", "since"}


@pytest.mark.criterion("rel.4")
def test_it_tells_that_it_stops_until_the_last_store_is_closed(new_program: NewProgram) -> None:
    program = new_program()
    program.start()
    # It does not hear that it should end: whoever closes it waits for some seconds, and kills it.
    engines = program.engines()
    os.kill(engines["valkey"], signal.SIGSTOP)
    program.arm(KILLS_AN_ENGINE)
    program.signal(signal.SIGTERM)
    wait_until(lambda: KillPoint.is_waited_at(program.kill_file))
    wait_until(lambda: not runs(engines["mongod"]))
    status, body = program.health("ready")
    assert (status, body["status"]) == (503, "stopping")
    assert program.health("live") == (200, {"status": "ok"})
    status, refused = program.asked("/asyncapi.json")
    assert (status, refused["code"]) == (503, "not_open")
    assert "The program is stopping" in refused["detail"]
    KillPoint.disarm(program.kill_file)
    assert program.exit_code() == 0


@pytest.mark.criterion("rel.4")
async def test_without_redis_it_is_degraded_and_says_so_and_loses_nothing(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, valkey: EmbeddedValkey
) -> None:
    settings = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}
    program = new_program(**settings, REDIS_URL=await valkey.start())
    program.start()
    async with readers(program.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await valkey.stop()
        await reader.ask("/story")
        await reader.press("c:letter:look")
        wait_until(lambda: _component(program, "redis")["status"] == "degraded")
        status, body = program.health("ready")
        assert (status, body["status"]) == (200, "degraded")
        assert set(body["components"]["redis"]) == {"status", "since"}
        changed = [
            line for line in program.logged("health.changed") if line["component"] == "redis"
        ]
        assert "connection refused" in changed[0]["reason"]

        await valkey.start()
        wait_until(lambda: program.health("ready")[1]["status"] == "ok")
        verify(program.stores)


@pytest.mark.criterion("rel.4")
async def test_without_telegram_it_is_not_ready(running_bot: Program, telegram: Program) -> None:
    assert telegram.stop() == 0
    wait_until(lambda: running_bot.health("ready")[0] == 503)
    assert _component(running_bot, "telegram")["status"] == "failed"
    assert running_bot.health("live")[0] == 200
    telegram.launch()
    wait_until(lambda: running_bot.health("ready")[0] == 200)


@pytest.mark.slow
async def test_an_engine_that_is_killed_comes_back(new_program: NewProgram) -> None:
    program = new_program()
    program.start()
    async with readers(program.url, "Lucía") as (reader,):
        await reader.ask("/start")
        for engine in ("valkey", "mongod"):
            program.kill_engine(engine)
        wait_until(lambda: len(program.logged("engine.restarted")) == 2)
        wait_until(lambda: program.health("ready")[1]["status"] == "ok")
        await reader.ask("/story")
        await reader.press("c:letter:look")
        verify(program.stores)
    assert program.stop() == 0


def _component(program: Program, name: str) -> Json:
    component: Json = program.health("ready")[1]["components"][name]
    return component
