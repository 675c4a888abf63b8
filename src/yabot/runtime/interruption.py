"""A cancellation of what is awaited, by somebody else, is an error like any other.

``except Exception`` passes it over, and it would end whoever awaits as if they were to stop.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Interrupted(RuntimeError):
    """What was awaited has been cancelled, and not by those who end the work."""


async def uninterrupted(work: Awaitable[T]) -> T:
    """What ``work`` gives. Raises Interrupted, and what it raises."""
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Interrupted("what it awaited was cancelled") from error
