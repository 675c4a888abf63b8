"""Waiting for what happens soon, without guessing how soon.

There is one deadline, and it only reports a hang: nothing that is right comes near it, on however
slow a machine. What a requirement bounds in time is asserted by the program's own clock or by
counting, never by how long a test waits.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 300.0
"""Seconds after which a test says that what it waits for will not happen."""
_LOOK = 0.01


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Looks less and less often: each look costs a processor that others need."""
    deadline, pause = time.monotonic() + PATIENCE, _LOOK
    while not await condition():
        assert time.monotonic() < deadline, _hang(condition)
        await asyncio.sleep(pause)
        pause = _longer(pause)


def wait_until(condition: Callable[[], bool]) -> None:
    """For tests that drive a program from outside. Looks as ``until`` does."""
    deadline, pause = time.monotonic() + PATIENCE, _LOOK
    while not condition():
        assert time.monotonic() < deadline, _hang(condition)
        time.sleep(pause)
        pause = _longer(pause)


def _longer(pause: float) -> float:
    return min(pause * 1.2, 0.1)


def _hang(condition: Callable[[], object]) -> str:
    what = getattr(condition, "__qualname__", repr(condition))
    return f"still not so after {PATIENCE:.0f} s: {what}"
