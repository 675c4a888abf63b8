"""A clock that stands still while the program waits for a processor.

What bounds a program are its own budgets. On a busy machine it also waits for its turn, and that
says nothing about the program.
"""

import time
from pathlib import Path

_SCHEDULED = Path("/proc/self/schedstat")


def own_time() -> float:
    """Seconds, of which only differences mean something."""
    return time.monotonic() - _waited()


def _waited() -> float:
    """Seconds in which this process's main thread could have gone on and had no processor."""
    try:
        _, nanoseconds, _ = _SCHEDULED.read_text().split()
    except OSError:  # only Linux tells
        return 0.0
    return int(nanoseconds) / 1e9
