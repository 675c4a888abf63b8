"""Tasks end, also those that miss the first cancellation."""

import asyncio
from contextlib import suppress

from tests.waiting import PATIENCE
from yabot.runtime.ending import end


async def test_a_task_that_misses_a_cancellation_ends_all_the_same() -> None:
    missed: list[str] = []

    async def deaf() -> None:
        while len(missed) < 3:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            missed.append("cancellation")
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    async with asyncio.timeout(PATIENCE):
        await end([task])
    assert task.cancelled()
    assert len(missed) == 3


async def test_what_has_ended_already_is_left_as_it_is() -> None:
    async def fail() -> None:
        raise RuntimeError("earlier")

    task = asyncio.create_task(fail())
    await asyncio.wait([task])
    await end([task])
    assert isinstance(task.exception(), RuntimeError)
