"""Whose turn it is in each lane: our own events as the log has them, other services' among them.

The log places an event of another service behind all that was committed before it came, also
behind what happened later. Where such events are about, our own ones are kept waiting for a moment
before they are handled, and another service's goes before those that happened after it. Who is
behind has them wait until the log is read so much further, however old they are.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from yabot.bus.inbound.window import KEEPS_TURN, LOOKS_AGAIN, Before
from yabot.clock import utc_now
from yabot.events.envelope import Envelope

Settle = Callable[[], Awaitable[None]]
# Whether what happened before an event may stand in the log where it has not been read yet.
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
    """``add`` once and ``take`` once for each event; ``take`` runs the one whose turn it is."""

    def __init__(self, before: Before) -> None:
        self._before = before
        self._waiting: dict[str, list[Turn]] = {}
        # Other services send events: our own have to wait for them.
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
        """Seconds until it is to be asked again whether something may come before it; 0 for no."""
        if not self.mixed or not turn.is_ours:
            return 0.0
        if turn.is_ahead():
            return LOOKS_AGAIN
        age = (utc_now() - turn.envelope.timestamp).total_seconds()
        # By the clock of whoever committed it, or before this one was set back, it may be to come.
        return KEEPS_TURN - max(age, monotonic() - turn.added_at)
