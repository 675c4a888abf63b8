"""A service that posts its events to a running program, and what has become of them."""

from typing import Any

import aiohttp

from tests.api.tokens import bearer
from tests.bus.inbound.service import Sent
from tests.e2e.program import Program

TAKEN_IN = (
    "SELECT event_id FROM outbox WHERE user_id = ? AND event_type = 'user_interaction'"
    " ORDER BY partition, pos"
)
WAITING = "SELECT count(*) FROM posted_events"


async def post(program: Program, key: str, *sent: Sent) -> int:
    """The status of the answer; 0 when there was none."""
    url = f"http://127.0.0.1:{program.settings['API_PORT']}/api/v1/events/batch"
    headers = {**bearer(program, "events:write"), "Idempotency-Key": key}
    body: Any = {"events": [each.envelope for each in sent]}
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(url, json=body, headers=headers) as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0
