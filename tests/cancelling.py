"""Cancellations: of what is awaited, and of work at each place where it waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from itertools import count
from typing import Any


async def await_what_is_cancelled() -> None:
    """By somebody else, and not by those who would end whoever awaits it."""
    helper = asyncio.create_task(asyncio.Event().wait())
    helper.cancel()
    await helper


async def cancelled_at_each_wait(
    work: Callable[[], Awaitable[Any]],
) -> AsyncIterator[int]:
    """Do it anew, cancelled at its first wait, at its second, and so on until it ends before.

    Gives each number behind that cancellation.
    """
    for number in count(1):
        cancelling = _Cancelling(work(), number)
        task = asyncio.create_task(_awaited(cancelling))
        await asyncio.wait([task])
        if not cancelling.has_cancelled:
            task.result()
            return
        if not task.cancelled():
            task.exception()
        yield number


class _Cancelling:
    def __init__(self, work: Awaitable[Any], number: int) -> None:
        self._work = work
        self._number = number
        self.has_cancelled = False

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        task = asyncio.current_task()
        assert task is not None
        try:
            waits_for = next(steps)
            for number in count(1):
                if number == self._number:
                    self.has_cancelled = True
                    asyncio.get_running_loop().call_soon(task.cancel)
                try:
                    yield waits_for
                except BaseException as error:  # noqa: BLE001 - it is the work's
                    waits_for = steps.throw(error)
                else:
                    waits_for = next(steps)
        except StopIteration as end:
            return end.value


async def _awaited(work: _Cancelling) -> Any:
    return await work
