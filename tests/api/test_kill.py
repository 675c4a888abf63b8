"""kill -9 at every step of a request: sent again, it has taken effect once, and is answered."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.api.tokens import bearer
from tests.e2e.invariants import settle, verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

WANTED = {"language": "en", "notifications_enabled": False, "theme": "dark"}
STEPS = [
    KillPoint("sql", "SELECT api_answers"),
    KillPoint("sql", "INSERT INTO receipts"),
    KillPoint("sql", "INSERT INTO api_answers"),
    KillPoint("sql", "INSERT INTO audit_log"),
    KillPoint("sql", "INSERT INTO doc_changes"),
    KillPoint("sql", "INSERT INTO outbox"),
    KillPoint("commit", "INSERT INTO receipts"),
    KillPoint("log", "unit.committed"),
    KillPoint("log", "documents.applied"),
]


async def ask(program: Program, user_id: int, key: str) -> tuple[int, Any]:
    """Status 0 when nobody answers."""
    url = f"http://127.0.0.1:{program.settings['API_PORT']}/api/v1/user/{user_id}/preferences"
    headers = {**bearer(program, "users:write"), "Idempotency-Key": key}
    async with aiohttp.ClientSession() as session:
        try:
            async with session.put(url, json=WANTED, headers=headers) as answer:
                return answer.status, await answer.json()
        except aiohttp.ClientError:
            return 0, None


@pytest.mark.parametrize("point", STEPS, ids=str)
async def test_a_request_that_is_sent_again_takes_effect_once(
    mortal: Program, point: KillPoint
) -> None:
    async with readers(mortal.url, "Lucía") as (reader,):
        await reader.ask("/start")
        settle(mortal.stores)
        known = len(mortal.stores.outbox(reader.user_id))
        key = str(uuid4())

        mortal.arm(point)
        died = await ask(mortal, reader.user_id, key)
        assert mortal.exit_code(PATIENCE) == -9, f"it has not passed {point}: {died}"
        mortal.start()

        assert await ask(mortal, reader.user_id, key) == (HTTPStatus.OK, WANTED)
        verify(mortal.stores)
        told = mortal.stores.outbox(reader.user_id)[known:]
        assert [event["event_type"] for event in told] == ["user_updated"]
        assert told[0]["causation_id"] == f"api:orders:{key}"
        document = mortal.stores.document(reader.user_id)
        assert document is not None
        assert document["preferences"] == WANTED
