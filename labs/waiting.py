"""Waiting for what several servers have to agree on."""

import time
from collections.abc import Callable

# Seconds: it only reports a hang, as the deadline of the tests does.
PATIENCE = 120.0


def until(condition: Callable[[], bool]) -> None:
    """Raises TimeoutError when it is still not so. Looks less and less often, as each look costs a
    processor that the servers need."""
    deadline, pause = time.monotonic() + PATIENCE, 0.02
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{getattr(condition, '__qualname__', condition)}: still not so")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)
