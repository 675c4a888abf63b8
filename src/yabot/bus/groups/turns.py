"""Whose turn it is in each lane: our own events in log order, other services' among them in time.

The log places another service's event after all that was committed before it arrived, even after
what happened later. So, where other services send events, our own ones wait a moment before they
are handled, and another service's goes before those that happened after it. In a group that is
behind, our own events wait, however old, until the log is read far enough ahead.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from yabot.bus.inbound.window import KEEPS_TURN, LOOKS_AGAIN, Before
from yabot.clock import utc_now
from yabot.events.envelope import Envelope

Settle = Callable[[], Awaitable[None]]
# Whether the unread part of the log may hold something that happened before an event.
IsAhead = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Turn:
    envelope: Envelope
    settle: Settle
    is_ahead: IsAhead
    # On the monotonic clock.
    added_at: float

    @property
    def is_ours(self) -> bool:
        return self.envelope.sequence is not None

    def may_wait_for(self, other: Envelope, before: Before) -> bool:
        """Whether ``other``, which another service sent, goes first although it came later."""
        mine = self.envelope
        if not self.is_ours or mine.timestamp <= other.timestamp:
            return False
        is_its_cause = mine.event_id == other.causation_id or (
            mine.correlation_id == other.correlation_id
            and mine.event_type in before(other.event_type)
        )
        return not is_its_cause


class Turns:
    """Call ``add`` and ``take`` once for each event; ``take`` runs the event whose turn it is."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._waiting: dict[str, list[Turn]] = {}
        # Whether other services send events, so that our own have to wait for them.
        self.mixed = False

    def add(self, envelope: Envelope, settle: Settle, is_ahead: IsAhead) -> None:
        queue = self._waiting.setdefault(envelope.lane, [])
        turn = Turn(envelope, settle, is_ahead, monotonic())
        place = len(queue)
        if envelope.user_id is not None and not turn.is_ours:
            self.mixed = True
            while place > 0 and queue[place - 1].may_wait_for(envelope, self._before):
                place -= 1
        queue.insert(place, turn)

    async def take(self, lane: str) -> None:
        queue = self._waiting[lane]
        while True:
            # An event that goes first may come meanwhile.
            seconds = self._patience(queue[0])
            if seconds <= 0:
                break
            await asyncio.sleep(seconds)
        turn = queue.pop(0)
        if not queue:
            del self._waiting[lane]
        await turn.settle()

    def clear(self) -> None:
        self._waiting.clear()

    def _patience(self, turn: Turn) -> float:
        """Seconds until asking again whether something may go before ``turn``; at most 0 if not."""
        if not self.mixed or not turn.is_ours:
            return 0.0
        if turn.is_ahead():
            return LOOKS_AGAIN
        age = (utc_now() - turn.envelope.timestamp).total_seconds()
        # The time stamp may lie in the future: another process's clock, or ours before it was set
        # back.
        return KEEPS_TURN - max(age, monotonic() - turn.added_at)
