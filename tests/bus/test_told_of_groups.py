"""What a running program tells of its subscribers' troubles: its health, and its metrics."""

import json

import pytest

from tests.bus.inbound.service import Sent
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.waiting import wait_until
from yabot.bus.inbound.stream import INBOUND
from yabot.clock import rfc3339, utc_now

DEAD = 'yabot_backlog_rows{queue="dead_letters"}'


@pytest.fixture
def program(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, redis_db: str
) -> Program:
    stores = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}
    program = new_program(**stores, REDIS_URL=redis_db)
    program.start()
    return program


@pytest.mark.criterion("2.3.3")
def test_a_stopped_group_and_a_dead_letter_are_told(program: Program) -> None:
    group = "subscribers of rewards"
    assert status_of(program, group) == "ok"
    stopped_at = rfc3339(utc_now())
    program.stores.change("INSERT INTO group_stops VALUES ('rewards', 20, ?)", stopped_at)
    wait_until(lambda: status_of(program, group) == "degraded")
    assert program.health("ready")[1]["status"] == "degraded"
    program.stores.change("DELETE FROM group_stops")
    wait_until(lambda: status_of(program, group) == "ok")

    wait_until(lambda: f"{DEAD} 0.0" in program.metrics())
    # Of a type that other services may not send.
    forged = Sent("forged", 1, event_type="besitos_awarded").envelope
    program.stores.redis.xadd(INBOUND, {"event": json.dumps(forged)})
    wait_until(lambda: f"{DEAD} 1.0" in program.metrics())


def status_of(program: Program, component: str) -> str:
    return str(program.health("ready")[1]["components"][component]["status"])
