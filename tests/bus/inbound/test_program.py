"""The running program keeps each event of another service for a moment before it takes it in."""

import json
from datetime import datetime, timedelta

import pytest

from tests.bus.inbound.service import NOON, Sent
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.waiting import wait_until
from yabot.bus.inbound.stream import INBOUND
from yabot.clock import utc_now

# So long, docs/inbound.md says, one that belongs before it may still be under way.
WAITS = timedelta(seconds=0.25)
AUDITED = "SELECT details FROM audit_log WHERE kind = 'ordering_violated'"
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


@pytest.mark.criterion("3.2.5")
async def test_a_wrong_order_is_told_of_without_any_administrator(program: Program) -> None:
    """A reader's own events are newer than one that another service sends of ten minutes ago."""
    async with readers(program.url, "Marta") as (reader,):
        await reader.ask("/start")
        old = utc_now() - timedelta(minutes=10)
        late = Sent("late", (old - NOON).total_seconds(), user_id=str(reader.user_id)).envelope
        program.stores.redis.xadd(INBOUND, {"event": json.dumps(late)})
        wait_until(lambda: "inbound_order" in program.health("ready")[1]["components"])
    assert program.health("ready")[1]["components"]["inbound_order"]["status"] == "degraded"
    assert late["event_id"] in program.stores.value(AUDITED)
    assert 'yabot_inbound_events_total{outcome="late"} 1.0' in program.metrics()
    (line,) = program.logged("inbound.late")
    assert line["level"] == "warning"
