"""A loop that follows: woken by work, by the clock, and never stopped by an error."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise, repeat
from time import monotonic

import pytest
from structlog.testing import capture_logs

from tests.cancelling import await_what_is_cancelled
from tests.waiting import PATIENCE
from yabot.errors import StoreUnavailable
from yabot.runtime.loops import WakingLoop

AWAY = StoreUnavailable("Redis", "it is away")


class Steps:
    """Fails with each of ``errors`` in turn (None: it succeeds), then always succeeds."""

    def __init__(self, errors: Sequence[Exception | None] = ()) -> None:
        self.taken = 0
        self._errors = list(errors)
        self._changed = asyncio.Condition()

    async def __call__(self) -> None:
        async with self._changed:
            self.taken += 1
            self._changed.notify_all()
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error

    async def until(self, taken: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self.taken >= taken)


async def test_it_runs_at_once_and_then_when_woken() -> None:
    steps = Steps()
    loop = WakingLoop("test", steps, interval=60)
    loop.start()
    for taken in (1, 2, 3):
        await steps.until(taken)
        loop.wake()
    await loop.finish(PATIENCE)


async def test_many_wakes_during_a_step_make_one_more_step() -> None:
    gate, taken = asyncio.Event(), 0

    async def step() -> None:
        nonlocal taken
        taken += 1
        await gate.wait()

    loop = WakingLoop("test", step, interval=60)
    loop.start()
    await asyncio.sleep(0)
    for _ in range(10):
        loop.wake()
    gate.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert taken == 2
    await loop.finish(PATIENCE)


async def test_it_runs_now_and_then_without_being_woken() -> None:
    steps = Steps()
    loop = WakingLoop("test", steps, interval=0.01)
    loop.start()
    await steps.until(3)
    await loop.finish(PATIENCE)


async def test_a_store_that_is_away_is_told_once_and_so_is_its_return() -> None:
    steps, told = Steps([AWAY, AWAY, AWAY]), list[str | None]()
    loop = WakingLoop("test", steps, interval=60)
    loop.on_trouble = told.append
    with capture_logs() as logs:
        loop.start()
        await steps.until(4)
        await loop.finish(PATIENCE)
    paused = [entry for entry in logs if entry["event"] == "loop.paused"]
    assert [entry["reason"] for entry in paused] == ["Redis is not available: it is away"]
    assert told[:3] == [str(AWAY)] * 3
    assert told[3] is None


async def test_an_unforeseen_error_is_logged_with_its_traceback_and_tried_again() -> None:
    steps = Steps([ValueError("nobody thought of it")])
    loop = WakingLoop("test", steps, interval=60)
    with capture_logs() as logs:
        loop.start()
        await steps.until(2)
        await loop.finish(PATIENCE)
    failed = [entry for entry in logs if entry["event"] == "loop.failed"]
    assert [(entry["log_level"], entry["exc_info"]) for entry in failed] == [("error", True)]


async def test_a_step_that_ends_as_cancelled_has_failed_like_any_other() -> None:
    """What it awaited was cancelled by somebody else: the loop itself is to go on."""
    again, told, steps = asyncio.Event(), list[str | None](), [await_what_is_cancelled]

    async def step() -> None:
        if steps:
            await steps.pop()()
        again.set()

    loop = WakingLoop("test", step, interval=60)
    loop.on_trouble = told.append
    loop.start()
    async with asyncio.timeout(PATIENCE):
        await again.wait()
    await loop.finish(PATIENCE)
    assert told == ["what it awaited was cancelled", None]


async def test_pauses_grow_whatever_work_comes_in() -> None:
    times: list[float] = []
    enough = asyncio.Event()

    async def step() -> None:
        times.append(monotonic())
        if len(times) == 4:
            enough.set()
        loop.wake()
        raise AWAY

    loop = WakingLoop("test", step, interval=0.001)
    loop.start()
    async with asyncio.timeout(PATIENCE):
        await enough.wait()
    await loop.finish(PATIENCE)
    pauses = [after - before for before, after in pairwise(times[:4])]
    # At least three quarters of 50, 100 and 200 ms.
    assert all(pause >= least for pause, least in zip(pauses, (0.037, 0.075, 0.15), strict=True))


async def test_hope_ends_a_pause() -> None:
    """None of them would end while anybody waits."""
    steps = Steps([AWAY] * 9)
    loop = WakingLoop("test", steps, interval=60)
    loop.pauses = lambda: repeat(10 * PATIENCE)
    loop.start()
    for taken in range(1, 11):
        await steps.until(taken)
        loop.retry()
    await loop.finish(PATIENCE)


async def test_finishing_takes_a_last_step() -> None:
    steps = Steps()
    loop = WakingLoop("test", steps, interval=60)
    loop.start()
    await steps.until(1)
    await loop.finish(PATIENCE)
    assert steps.taken == 2


async def test_finishing_tells_that_no_step_will_follow() -> None:
    steps, told_after = Steps(), list[int]()
    loop = WakingLoop("test", steps, interval=60)
    loop.on_finished = lambda: told_after.append(steps.taken)
    loop.start()
    await loop.finish(PATIENCE)
    assert told_after == [steps.taken]


async def test_finishing_during_a_step_waits_for_it() -> None:
    gate, finished = asyncio.Event(), 0

    async def step() -> None:
        nonlocal finished
        await gate.wait()
        finished += 1

    loop = WakingLoop("test", step, interval=60)
    loop.start()
    await asyncio.sleep(0)
    finishing = asyncio.create_task(loop.finish(PATIENCE))
    await asyncio.sleep(0)
    gate.set()
    await finishing
    assert finished >= 1


@pytest.mark.parametrize("away", [False, True], ids=["stuck", "store away"])
async def test_finishing_keeps_its_time(away: bool) -> None:
    async def step() -> None:
        if away:
            raise AWAY
        await asyncio.Event().wait()

    loop = WakingLoop("test", step, interval=60)
    loop.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await loop.finish(0.05)


async def test_finishing_what_never_started_is_no_work() -> None:
    await WakingLoop("test", Steps(), interval=60).finish(PATIENCE)
