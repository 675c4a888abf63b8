"""kill -9 of the program at every step of taking events in: none is lost, doubled or misplaced."""

import asyncio
import json
from typing import Any

import pytest
from redis import Redis

from tests.bus.inbound.service import Sent
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.waiting import PATIENCE, wait_until
from yabot.bus.inbound.stream import INBOUND

pytestmark = pytest.mark.slow

POINTS = [
    KillPoint("sql", "INSERT INTO receipts"),
    KillPoint("sql", "INSERT INTO ingested"),
    KillPoint("sql", "INSERT INTO ingested", 3),
    KillPoint("commit", "INSERT INTO ingested", 2),
    KillPoint("log", "unit.committed"),
    KillPoint("log", "unit.committed", 4),
    KillPoint("log", "inbound.removed"),
]


@pytest.mark.criterion("3.2.4")
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_killed_while_events_are_taken_in(mortal: Program, point: KillPoint) -> None:
    user_id = str(9000 + POINTS.index(point))
    sent = [Sent(f"{point} {n}", n, user_id=user_id, correlation=user_id) for n in range(5)]
    await asyncio.to_thread(_kill_and_start, mortal, point, sent)
    assert _taken_in(mortal, user_id) == [each.event_id for each in sent]
    violations = mortal.stores.rows("SELECT * FROM audit_log WHERE user_id = ?", user_id)
    assert violations == []


def _kill_and_start(program: Program, point: KillPoint, sent: list[Sent]) -> None:
    redis = program.stores.redis
    program.arm(point)
    _write(redis, *reversed(sent))
    assert program.exit_code(PATIENCE) == -9
    program.start()
    wait_until(lambda: redis.xlen(INBOUND) == 0)


def _write(redis: Redis, *sent: Sent) -> None:
    """All at once: the program's window is short."""
    with redis.pipeline(transaction=True) as together:
        for each in sent:
            together.xadd(INBOUND, {"event": json.dumps(each.envelope)})
        together.execute()


def _taken_in(program: Program, user_id: str) -> list[Any]:
    return [event["event_id"] for event in program.stores.outbox(int(user_id))]
