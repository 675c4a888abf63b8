"""SIGTERM under load of other services: what was accepted is kept, what comes later is told so."""

import asyncio
import signal
from dataclasses import dataclass, field
from itertools import count

import pytest
from aiohttp import ClientError

from tests.api.client import Answered, ApiClient
from tests.api.running import service_of
from tests.e2e.invariants import verify
from tests.e2e.program import STOP_SECONDS, Program
from tests.e2e.programs import NewProgram
from tests.waiting import until

pytestmark = pytest.mark.slow

USERS = [str(1001 + number) for number in range(8)]
AWARD = {"amount": 1, "reason": "quiz"}
# Answered before it is told to stop.
WARM = 60


@dataclass
class Awards:
    """Each with a key of its own, until nobody listens any more."""

    service: ApiClient
    # By key.
    accepted: dict[str, Answered] = field(default_factory=dict)
    refused: list[Answered] = field(default_factory=list)

    async def give(self, user_id: str) -> None:
        try:
            for number in count():
                key = f"{user_id}-{number}"
                answered = await self.service.post(f"/user/{user_id}/besitos/award", AWARD, key)
                if answered.status == 200:
                    self.accepted[key] = answered
                else:
                    self.refused.append(answered)
        except ClientError:
            """It has ended."""

    async def are_many(self) -> bool:
        return len(self.accepted) >= WARM


async def registered(service: ApiClient) -> bool:
    """All of them, once the key of its token is known."""
    answers = [
        await service.post("/users", {"user_id": user_id, "first_name": "Ana"}, key=user_id)
        for user_id in USERS
    ]
    return {answered.status for answered in answers} == {201}


def balances(program: Program) -> dict[str, int]:
    rows = program.stores.rows("SELECT user_id, balance FROM accounts WHERE balance IS NOT NULL")
    return {row["user_id"]: row["balance"] for row in rows}


async def test_what_was_accepted_before_it_stopped_is_there_afterwards(
    new_program: NewProgram, mongodb_uri: str, mongo_database: str, redis_db: str
) -> None:
    servers = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": mongo_database}
    program = new_program(**servers, REDIS_URL=redis_db)
    program.start()
    async with service_of(program) as service:
        await until(lambda: registered(service))
        awards = Awards(service)
        giving = [asyncio.create_task(awards.give(user_id)) for user_id in USERS]
        await until(awards.are_many)
        program.signal(signal.SIGTERM)
        await asyncio.gather(*giving)
    assert await asyncio.to_thread(program.exit_code) == 0
    assert program.stopped_in < STOP_SECONDS
    # While it stops it goes on to answer: that it does. Whether anybody asks in that time is the
    # machine's affair; in test_health.py somebody does.
    assert {answered.code for answered in awards.refused} <= {"not_open"}
    for answered in awards.refused:
        assert answered.status == 503
        assert answered.headers["Content-Type"] == "application/problem+json"
        assert answered.headers["Retry-After"] == "1"
        assert "stopping" in answered.body["detail"]

    kept = {row["key"] for row in program.stores.rows("SELECT key FROM api_answers")}
    assert awards.accepted.keys() <= kept
    # Each once: also those whose answer may have got lost, of which there is one at most for each.
    given = {user_id: sum(key.startswith(f"{user_id}-") for key in kept) for user_id in USERS}
    assert balances(program) == given
    await everything_goes_on(program, awards)


async def everything_goes_on(program: Program, awards: Awards) -> None:
    """The next start brings what was accepted to the other stores, and repeats its answers."""
    await asyncio.to_thread(program.start)
    key, before = next(reversed(awards.accepted.items()))
    async with service_of(program) as service:
        user_id = key.partition("-")[0]
        again = await service.post(f"/user/{user_id}/besitos/award", AWARD, key)
    assert (again.status, again.body) == (200, before.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    await asyncio.to_thread(verify, program.stores)
