"""Ends tasks, whatever they are in the middle of."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_AFTER = 0.05


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until all have ended; their results and errors are dropped.

    Once is not enough: ``asyncio.wait_for`` of Python 3.11, which clients of stores use, forgets a
    cancellation that comes in the moment in which what it waits for is done.
    """
    ended = list(tasks)
    running = {task for task in ended if not task.done()}
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=AGAIN_AFTER)
    for task in ended:
        if not task.cancelled():
            # Looked at once, so that nobody complains that it never was.
            task.exception()
