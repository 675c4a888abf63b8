"""Growing, jittered pauses between attempts."""

import random
from collections.abc import Iterator


def backoff(first: float = 0.05, most: float = 5.0, factor: float = 2.0) -> Iterator[float]:
    """Endless pauses in seconds: each grows by ``factor`` up to ``most``, give or take a quarter.

    The jitter keeps many waiters from coming back at the same instant.
    """
    pause = first
    while True:
        yield pause * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
        pause = min(pause * factor, most)
