"""The program itself, told of Sentinels by its environment, while the primary dies."""

import json
from uuid import uuid4

import pytest

from labs.node import Node
from labs.sentinel import SentinelLab
from tests.bus.topologies.redis_places import PASSWORD, SENTINEL_PASSWORD
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.waiting import wait_until


@pytest.mark.criterion("2.1.1", "2.1.2", "2.1.3", "2.1.4")
def test_the_program_goes_on_with_the_new_primary(
    new_program: NewProgram, sentinels: SentinelLab, mongodb_uri: str
) -> None:
    program = new_program(
        **sentinels.environment(),
        REDIS_PASSWORD=PASSWORD,
        REDIS_SENTINEL_PASSWORD=SENTINEL_PASSWORD,
        MONGODB_URI=mongodb_uri,
        MONGODB_DATABASE=f"test_{uuid4().hex}",
    )
    program.start()
    former = sentinels.present_primary()
    former.kill()
    wait_until(lambda: redis_is(program, "degraded"))
    primary = sentinels.replace(former)
    wait_until(lambda: redis_is(program, "ok"))
    # What happened meanwhile is told on the new primary, by the program's own events.
    wait_until(lambda: told_on(primary) >= {"store_lost", "store_restored"})
    assert program.stop() == 0
    assert not any(secret in program.errors for secret in (PASSWORD, SENTINEL_PASSWORD))


def redis_is(program: Program, status: str) -> bool:
    return bool(program.health("ready")[1]["components"]["redis"]["status"] == status)


def told_on(primary: Node) -> set[str]:
    entries = [
        entry
        for key in primary.ask("KEYS", "yabot:events:*")
        for entry in primary.ask("XRANGE", key, "-", "+")
    ]
    return {json.loads(fields["event"])["event_type"] for _, fields in entries}
