"""Somebody keeps asking the running program without a valid token: they wait, and are noticed."""

import asyncio
import json
from typing import Any

import pytest

from tests.api.auth.asking import an_address, ask
from tests.api.tokens import token_for
from tests.e2e.program import Program
from tests.e2e.programs import RunFor
from tests.e2e.reader import readers
from yabot.api.auth.throttle import MOST_FAILURES


@pytest.mark.criterion("4.3.5")
async def test_who_keeps_failing_waits_and_the_administrator_reads_of_it(
    run_for: RunFor, telegram: Program
) -> None:
    async with readers(telegram.url, "Ada") as (admin,):
        program = await asyncio.to_thread(run_for, admin.user_id)
        await admin.ask("/start")
        client = an_address()
        await asyncio.to_thread(_knock, program, client)
        # On a busy machine other trouble may be told behind it.
        chat = await admin.until(lambda chat: "Alguien fuerza la puerta" in str(chat))
        assert client not in str(chat)
    (noticed,) = program.logged("api.auth_abuse")
    assert noticed["peer"] == client
    assert noticed["failures"] == MOST_FAILURES + 1
    (event,) = _events(program, "auth_abuse_detected")
    assert event["payload"] == {"peer": client, "failures": MOST_FAILURES + 1}
    metrics = await asyncio.to_thread(program.metrics)
    assert 'yabot_api_tokens_refused_total{code="token_malformed"}' in metrics
    assert "yabot_api_requests_throttled_total 5.0" in metrics


def _knock(program: Program, client: str) -> None:
    token = token_for(program, "users:read")
    assert ask(program, token=token, client=client).status == 404
    for _ in range(MOST_FAILURES):
        assert ask(program, token="junk", client=client).status == 401
    for _ in range(5):
        refused = ask(program, token="junk", client=client)
        assert (refused.status, refused.code) == (429, "too_many_failures")
        assert 0 < int(refused.headers["retry-after"]) <= 60
        # Whoever has a valid token is let in from there, and others fail elsewhere as ever.
        assert ask(program, token=token, client=client).status == 404
        assert ask(program, token=token_for(program), client=client).status == 404
    assert ask(program, token="junk").status == 401


def _events(program: Program, kind: str) -> list[dict[str, Any]]:
    rows = program.stores.rows("SELECT envelope FROM outbox WHERE event_type = ?", kind)
    return [json.loads(row["envelope"]) for row in rows]
