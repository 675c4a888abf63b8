"""Ends tasks, whatever they are doing."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_AFTER = 0.05


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until all have ended; their results and errors are dropped.

    Cancelling once is not enough: ``asyncio.wait_for`` of Python 3.11, which stores' clients use,
    swallows a cancellation that comes at the moment in which the awaited work is done.
    """
    ended = list(tasks)
    running = {task for task in ended if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_AFTER)
    for task in ended:
        if not task.cancelled():
            # Retrieve the exception, so that asyncio does not log that nobody did.
            task.exception()
