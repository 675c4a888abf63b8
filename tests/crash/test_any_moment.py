"""kill -9 at random moments under load, several times over; after each, the next process goes on.

A seed decides when: CRASH_SEEDS says how many seeds there are, CRASH_SEED names the only one, to
replay what has failed.
"""

import asyncio
import os
import random
import signal

import pytest

from tests.crash.child import Child
from tests.crash.conftest import SIDE_BY_SIDE, NewChild, NewPlace
from tests.crash.invariants import attempts_are_remembered, verify
from tests.crash.load import Load
from tests.crash.places import opened
from tests.crash.program import Orders
from tests.e2e.kill_points import KillPoint

LOAD = Load(readers=5, reactions=6)
# So many instants has about a life without death, as powers of ten.
FIRST_INSTANT, LAST_INSTANT = 0.0, 3.4
LONGEST_LIFE = 1.2  # seconds


def seeds() -> list[int]:
    if only := os.environ.get("CRASH_SEED"):
        return [int(only)]
    return [*range(1, int(os.environ.get("CRASH_SEEDS", "12")) + 1)]


BATCHES = [seeds()[first : first + SIDE_BY_SIDE] for first in range(0, len(seeds()), SIDE_BY_SIDE)]


@pytest.mark.criterion("2.3.1", "3.1.5", "rel.3")
@pytest.mark.parametrize("batch", BATCHES, ids=lambda batch: "seeds " + " ".join(map(str, batch)))
async def test_whenever_workers_die_everything_happens_once_and_in_order(
    new_place: NewPlace, new_child: NewChild, batch: list[int]
) -> None:
    async def lives(seed: int) -> None:
        place = new_place()
        child = new_child(Orders(place, LOAD))
        moments = random.Random(seed)
        for _ in range(moments.randint(2, 4)):
            await _live_and_die(child, moments)
        await child.finishes()
        attempts_are_remembered(child.logged("event.failed"))
        async with opened(place) as stores:
            await verify(stores, LOAD)

    for seed, outcome in zip(
        batch, await asyncio.gather(*map(lives, batch), return_exceptions=True), strict=True
    ):
        if isinstance(outcome, BaseException):
            outcome.add_note(f"replay it: make crash CRASH_SEED={seed}")
            raise outcome


async def _live_and_die(child: Child, moments: random.Random) -> None:
    """At one of its instants, which the seed tells exactly, or whenever the clock says."""
    if moments.random() < 0.75:
        n = int(10 ** moments.uniform(FIRST_INSTANT, LAST_INSTANT))
        child.start(KillPoint("any", n=n))
        # It may have had nothing left to do before that.
        assert await child.exit_code() in {-signal.SIGKILL, 0}, child.tail()
    else:
        child.start()
        await asyncio.sleep(moments.uniform(0, LONGEST_LIFE))
        await child.kill9()
