"""kill -9 between any two steps from a reaction to its hint: one award, one hint, and word of it.

One program lives through it all, as in ``tests/e2e/test_kill.py``.
"""

import pytest

from tests.e2e.invariants import settle, verify
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.features.besitos.beside import grant, until_told
from tests.features.rewards.chain import ASKED_FOR, HINT, Chain, announces_hint, ledger_is_sound
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow

# The reaction is told of and nothing paid; it is paid and the hint still shut: commits count, the
# first is the update's, the second the award's. The steps between are those of `tests/crash`.
POINTS = [KillPoint("log", "unit.committed"), KillPoint("log", "unit.committed", 2)]


@pytest.mark.criterion("2.2.1", "3.1.3", "3.2.2", "3.2.3")
@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_one_award_and_one_hint_come_of_it(mortal: Program, point: KillPoint) -> None:
    async with readers(mortal.url, "Lucía") as (reader,):
        chain = Chain(mortal.stores, reader)
        await reader.ask("/story")
        await grant(mortal.stores, reader.user_id, ASKED_FOR - 1)
        settle(mortal.stores)
        until_told(mortal.stores)

        mortal.arm(point)
        await reader.touch("r:letter:❤")
        assert mortal.exit_code(PATIENCE) == -9, f"it has not passed {point}"
        mortal.start()

        chat = await reader.until(lambda chat: any(map(announces_hint, chat)))
        wait_until(lambda: bool(chain.events("narrative_hint_unlocked")))
        verify(mortal.stores)
        assert chain.rewards() == ["letter"]
        assert chain.balance() == ASKED_FOR
        assert chain.hints() == [HINT.id]
        assert len(chain.events("besitos_awarded")) == 2
        assert len(chain.events("narrative_hint_unlocked")) == 1
        assert chain.linked()
        # It may be said twice, when nobody can know whether Telegram has heard it.
        assert 1 <= sum(map(announces_hint, chat)) <= 2
        assert mortal.stores.value("SELECT count(*) FROM dead_letters") == 0
        assert await ledger_is_sound(mortal.stores)
