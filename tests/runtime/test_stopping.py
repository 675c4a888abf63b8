"""Work that ends by itself, at a stop, or because what it awaits is cancelled."""

import asyncio

import pytest

from tests.cancelling import await_what_is_cancelled
from yabot.runtime.interruption import Interrupted
from yabot.runtime.stopping import finished_before


async def test_work_that_is_over_before_a_stop_has_finished() -> None:
    assert await finished_before(asyncio.Event(), asyncio.sleep(0))


async def test_a_stop_ends_the_work() -> None:
    stop, has_ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        stop.set()
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    assert not await finished_before(stop, work())
    assert has_ended.is_set()


async def test_work_that_somebody_else_breaks_off_was_not_stopped() -> None:
    """An import that ended so would look as if its operator had wanted that."""
    with pytest.raises(Interrupted):
        await finished_before(asyncio.Event(), await_what_is_cancelled())
