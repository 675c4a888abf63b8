"""Measures how late the event loop is: what blocks it makes everybody wait."""

import asyncio
from collections.abc import Callable

LOOK_EVERY = 0.5


async def watch_lag(report: Callable[[float], None]) -> None:
    """Until cancelled, report by how many seconds the loop woke us too late."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LOOK_EVERY
        await asyncio.sleep(LOOK_EVERY)
        report(max(0.0, loop.time() - due))
