"""Whose turn it is in each lane: our own events as the log has them, other services' among them.

The log places an event of another service behind all that was committed before it came, also
behind what happened later. Where such events are about, our own ones are kept waiting for a moment
before they are handled, and another service's goes before those that happened after it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from yabot.bus.inbound.window import KEEPS_TURN, Before
from yabot.clock import utc_now
from yabot.events.envelope import Envelope

Settle = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Turn:
    envelope: Envelope
    settle: Settle
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
    """``add`` once and ``take`` once for each event; ``take`` runs the one whose turn it is."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._waiting: dict[str, list[Turn]] = {}
        # Other services send events: our own have to wait for them.
        self.mixed = False

    def add(self, envelope: Envelope, settle: Settle) -> None:
        queue = self._waiting.setdefault(envelope.lane, [])
        turn = Turn(envelope, settle, monotonic())
        place = len(queue)
        if envelope.user_id is not None and not turn.is_ours:
            self.mixed = True
            while place > 0 and queue[place - 1].may_wait_for(envelope, self._before):
                place -= 1
        queue.insert(place, turn)

    async def take(self, lane: str) -> None:
        queue = self._waiting[lane]
        while True:
            # One that goes first may come meanwhile.
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
        """Seconds for which something that happened before it may still come."""
        if not self.mixed or not turn.is_ours:
            return 0.0
        age = (utc_now() - turn.envelope.timestamp).total_seconds()
        # By the clock of whoever committed it, or before this one was set back, it may be to come.
        return KEEPS_TURN - max(age, monotonic() - turn.added_at)
