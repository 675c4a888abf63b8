"""Ending on request, also in the middle of a start."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from yabot.runtime.ending_signals import hear, hear_again


async def finished_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Run ``work``; False when ``stop`` was set first: it has then been cancelled."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    if working.cancelled():
        return False
    working.result()
    return True


async def until_signalled(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """``serve`` gets the event that SIGTERM, SIGHUP and Ctrl+C set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = hear(lambda: loop.call_soon_threadsafe(stop.set))
    try:
        await serve(stop)
    finally:
        hear_again(before)
