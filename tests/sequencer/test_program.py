"""The running program keeps each event of another service for a moment before it takes it in."""

import json
from datetime import datetime, timedelta

import pytest

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.sequencer.service import Sent
from tests.waiting import wait_until
from yabot.bus.inbound.stream import INBOUND

# So long, docs/inbound.md says, one that belongs before it may still be under way.
WAITS = timedelta(seconds=0.25)
TAKEN_IN = "SELECT created_at FROM outbox WHERE event_id = ?"


@pytest.fixture
def program(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, redis_db: str
) -> Program:
    stores = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}
    program = new_program(**stores, REDIS_URL=redis_db)
    program.start()
    return program


@pytest.mark.criterion("3.2.4")
def test_an_event_waits_for_those_that_belong_before_it(program: Program) -> None:
    envelope = Sent("alone", 1).envelope
    entry_id = program.stores.redis.xadd(INBOUND, {"event": json.dumps(envelope)})
    wait_until(lambda: program.stores.value(TAKEN_IN, envelope["event_id"]) is not None)
    taken_in = datetime.fromisoformat(program.stores.value(TAKEN_IN, envelope["event_id"]))
    milliseconds = int(str(entry_id).partition("-")[0])
    written = datetime.fromtimestamp(milliseconds / 1000, taken_in.tzinfo)
    assert taken_in - written >= WAITS
