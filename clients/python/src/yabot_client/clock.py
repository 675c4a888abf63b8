"""Time as this machine has it, and as YABOT has it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

# What a clock is off by at most, where TLS vouches for who says so.
MOST_SKEW_OF_TLS = 86_400.0


@dataclass(frozen=True, slots=True)
class Clock:
    """All in seconds; tests bring their own."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    sleep_async: Callable[[float], Awaitable[None]] = asyncio.sleep


class YabotsTime:
    """What YABOT's clock shows, as far as is known: ours, unless YABOT said that ours is wrong."""

    def __init__(self, clock: Clock, most: float) -> None:
        """``most``: seconds of difference that are believed."""
        self._clock = clock
        self._most = most
        self._ahead = 0.0

    def now(self) -> float:
        return self._clock.wall() + self._ahead

    def learn(self, now: float) -> bool:
        """Whether that could be believed."""
        ahead = now - self._clock.wall()
        if abs(ahead) > self._most:
            return False
        self._ahead = ahead
        return True


def seconds_of_date(text: str | None) -> float | None:
    """Of an HTTP date, since 1970; None for whatever is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None
