"""Turns the cancellation of something that is awaited into an error like any other.

``except Exception`` does not catch a CancelledError: the awaiting task would end as if it had been
told to stop.
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Interrupted(RuntimeError):
    """Something that was awaited was cancelled, but not the task that awaited it."""


async def uninterrupted(work: Awaitable[T]) -> T:
    """Await ``work``. Raises Interrupted, and what ``work`` raises."""
    try:
        return await work
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise Interrupted("what it awaited was cancelled") from error
