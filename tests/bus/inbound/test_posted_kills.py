"""kill -9 at every step of what becomes of posted events, and the same request again: once each."""

import asyncio
from http import HTTPStatus
from uuid import uuid4

import pytest

from tests.bus.inbound.posting import TAKEN_IN, WAITING, post
from tests.bus.inbound.service import Sent
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

POINTS = [
    # Between the commit that has stored them and the answer.
    KillPoint("log", "unit.committed"),
    KillPoint("sql", "INSERT INTO ingested", 3),
    KillPoint("commit", "INSERT INTO ingested", 2),
    KillPoint("sql", "DELETE FROM posted_events"),
]


@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_killed_on_their_way_they_take_effect_once(mortal: Program, point: KillPoint) -> None:
    user_id = str(9100 + POINTS.index(point))
    sent = [Sent(f"{point} {n}", n, user_id=user_id, correlation=user_id) for n in range(5)]
    key = str(uuid4())

    mortal.arm(point)
    died = await post(mortal, key, *reversed(sent))
    assert mortal.exit_code(PATIENCE) == -9, f"it has not passed {point}: {died}"
    mortal.start()

    assert await post(mortal, key, *reversed(sent)) == HTTPStatus.ACCEPTED
    await asyncio.to_thread(wait_until, lambda: mortal.stores.value(WAITING) == 0)
    found = [row["event_id"] for row in mortal.stores.rows(TAKEN_IN, user_id)]
    assert found == [each.event_id for each in sent]
    assert mortal.stores.rows("SELECT * FROM audit_log WHERE kind = 'ordering_violated'") == []
