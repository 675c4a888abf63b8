"""How fast one reader may send: nobody's flood is to cost the others."""

from collections.abc import Callable
from enum import Enum, auto
from time import monotonic

from yabot.bot.incoming import Incoming
from yabot.runtime.buckets import Buckets


class Verdict(Enum):
    """What becomes of an update."""

    HANDLE = auto()
    # It is too much, and its reader is to hear so.
    SLOW_DOWN = auto()
    # It is still too much; they have heard.
    SILENCE = auto()


class Pace:
    """A bucket of tokens for each reader, in this process's memory: it alone handles them.

    Telegram's word of a payment needs none.
    """

    def __init__(self, at_once: int, per_minute: int, now: Callable[[], float] = monotonic) -> None:
        self._buckets = Buckets(at_once, per_minute / 60, now)

    def judge(self, incoming: Incoming) -> Verdict:
        reader = incoming.lane
        if incoming.tells_of_payment or self._buckets.take(reader):
            return Verdict.HANDLE
        return Verdict.SLOW_DOWN if self._buckets.tell_once(reader) else Verdict.SILENCE
