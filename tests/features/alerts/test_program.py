"""Another service's late event reaches the administrator's chat in the running program."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.bus.inbound.service import Sent
from tests.e2e.program import Json, Program
from tests.e2e.programs import RunFor
from tests.e2e.reader import readers
from tests.waiting import wait_until
from yabot.bus.inbound.stream import INBOUND


@pytest.mark.criterion("3.2.5")
async def test_the_administrator_reads_of_it(run_for: RunFor, telegram: Program) -> None:
    async with readers(telegram.url, "Ada") as (admin,):
        program = await asyncio.to_thread(run_for, admin.user_id)
        await admin.ask("/start")
        await asyncio.to_thread(_write, program, Sent("later", 2))
        await asyncio.to_thread(_write, program, Sent("earlier", 1))
        # On a busy machine other trouble may be told behind it.
        chat = await admin.until(lambda chat: told_of(chat, "Fuera de orden") != [])
        (told,) = told_of(chat, "Fuera de orden")
        assert "user_interaction" in told
    metrics = await asyncio.to_thread(program.metrics)
    assert 'yabot_inbound_events_total{outcome="late"} 1.0' in metrics
    assert [line["reason"] for line in program.log if line["event"] == "inbound.late"] == [
        "after_later_events"
    ]


def told_of(chat: Sequence[Json], trouble: str) -> list[str]:
    return [message["text"] for message in chat if trouble in message["text"]]


def _write(program: Program, sent: Sent) -> None:
    redis = program.stores.redis
    redis.xadd(INBOUND, {"event": json.dumps(sent.envelope)})
    wait_until(lambda: redis.xlen(INBOUND) == 0)


@pytest.mark.criterion("3.2.5")
def test_it_looks_for_what_is_still_to_be_told(playing: Program) -> None:
    def looks() -> bool:
        return bool(playing.health("ready")[1]["components"]["alerts"]["status"] == "ok")

    wait_until(looks)
