"""Ends work on request, even in the middle of a start."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from yabot.runtime.interruption import uninterrupted


async def finished_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Run ``work``; False if ``stop`` was set first and ``work`` was cancelled.

    Raises what ``work`` raises, and Interrupted when something that it awaited was cancelled.
    """
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    if working.cancelled() and stop.is_set():
        return False
    await uninterrupted(working)
    return True
