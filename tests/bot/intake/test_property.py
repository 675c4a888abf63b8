"""Whatever Telegram brings: every other reader gets their answer, and no text comes into a log."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bot.intake.house import House
from tests.bot.intake.tomorrow import KINDS, MARK, updates
from tests.e2e.reader import readers
from tests.waiting import until, wait_until

# Hundreds of updates to a program, in each of both ways.
pytestmark = pytest.mark.slow

EXAMPLES = 8
# One of each kind that an update may bring.
one_of_each = st.tuples(*(updates(kind) for kind in KINDS))


@pytest.mark.criterion("5.4.1")
@given(delivered=one_of_each)
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
async def test_whatever_comes_others_are_answered(house: House, delivered: tuple[Any, ...]) -> None:
    async with readers(house.url, "Berta") as (berta,), house.other_hand() as bot:
        ids = await berta.client.deliver(*delivered)
        (said,) = await berta.ask("/help")
        assert "/story" in said["text"]

        async def all_acknowledged() -> bool:
            return (await bot.get_webhook_info()).pending_update_count == 0

        await until(all_acknowledged)
    wait_until(lambda: "waiting" not in house.state_of(ids).values())
    assert set(house.state_of(ids).values()) <= {"done", "failed", "unreadable"}
    assert MARK not in house.program.errors
    assert house.component("sql") == house.component("telegram") == "ok"
