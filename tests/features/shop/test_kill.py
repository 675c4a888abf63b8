"""kill -9 in the middle of a purchase: after a restart it was paid for once and is owned once.

One program lives through it all, as in ``tests/e2e/test_kill.py``.
"""

import pytest

from tests.e2e.invariants import settle, verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.features.besitos.beside import until_told
from tests.features.shop.counter import Customer
from tests.waiting import PATIENCE
from yabot.playground.client import PlaygroundClient

pytestmark = pytest.mark.slow

# Between debit and grant, and when both are in SQL alone. What lies before and behind is any
# update's, and there.
POINTS = [KillPoint("sql", "INSERT INTO doc_changes"), KillPoint("log", "unit.committed")]


@pytest.mark.criterion("3.1.3")
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_debit_and_grant_are_both_there_or_neither(mortal: Program, point: KillPoint) -> None:
    async with PlaygroundClient(mortal.url) as client:
        lucia = await Customer.new(mortal.stores, client, 10)
        yes = await lucia.wants("boat")
        settle(mortal.stores)
        until_told(mortal.stores)

        mortal.arm(point)
        await lucia.reader.touch(yes)
        assert mortal.exit_code(PATIENCE) == -9, f"it has not passed {point}"
        assert _all_or_nothing(lucia)
        mortal.start()

        await lucia.reader.until(lambda chat: any("en tus manos" in each["text"] for each in chat))
        verify(mortal.stores)
        assert lucia.inventory() == {"boat": 1}
        assert lucia.balance() == 7
        assert len(lucia.payments()) == 1
        assert len(lucia.told("besitos_spent")) == len(lucia.told("item_acquired")) == 1
        assert await lucia.ledger_is_sound()


def _all_or_nothing(lucia: Customer) -> bool:
    """What SQL holds when the process has just died."""
    paid, granted = len(lucia.payments()), len(lucia.told("item_acquired"))
    return paid == granted == len(lucia.told("besitos_spent"))
