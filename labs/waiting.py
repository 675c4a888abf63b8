"""Waiting for what several servers have to agree on."""

import time
from collections.abc import Callable

# Seconds: it only reports a hang, as the deadline of the tests does.
PATIENCE = 120.0


def until(condition: Callable[[], bool]) -> None:
    """Raises TimeoutError when it is still not so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{getattr(condition, '__qualname__', condition)}: still not so")
        time.sleep(0.02)
