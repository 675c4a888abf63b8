"""Limits how fast one reader may send, so that a flood does not cost the others."""

from collections.abc import Callable
from enum import Enum, auto
from time import monotonic

from yabot.bot.incoming import Incoming
from yabot.runtime.buckets import Buckets


class Verdict(Enum):
    """What becomes of an update."""

    HANDLE = auto()
    # Too much; the reader is to hear so.
    SLOW_DOWN = auto()
    # Still too much; the reader has heard so already.
    SILENCE = auto()


class Pace:
    """A token bucket for each reader, in this process's memory: no other process handles them.

    Updates about payments need no token.
    """

    def __init__(self, at_once: int, per_minute: int, now: Callable[[], float] = monotonic) -> None:
        self._buckets = Buckets(at_once, per_minute / 60, now)

    def judge(self, incoming: Incoming) -> Verdict:
        reader = incoming.lane
        if incoming.tells_of_payment or self._buckets.take(reader):
            return Verdict.HANDLE
        return Verdict.SLOW_DOWN if self._buckets.tell_once(reader) else Verdict.SILENCE
