"""A group's place in one partition: the events it has taken on, and which are settled."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from time import monotonic
from typing import NamedTuple

from yabot.bus.inbound.window import KEEPS_TURN
from yabot.bus.outbox import Mark
from yabot.events.envelope import Envelope
from yabot.log.lease import Lease

# How many positions further, at most, a group that is behind reads for the sake of one event.
READ_AHEAD = 2000
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Taken(NamedTuple):
    """An event that is taken on but not settled."""

    pos: int
    happened: datetime
    # The id of the event taken on before this one; None if unknown.
    id_before: str | None


@dataclass(slots=True)
class Progress:
    """Positions are taken on in order, and finished in any order."""

    lease: Lease
    # Everything up to this position is finished; the next owner continues from here.
    settled: int
    # Events up to this position may already have been handled, by an earlier owner or run.
    handled_before: int
    # The id of the event taken on last; None if unknown.
    taken_id: str | None = None
    # Whether the feed brings events of a partition as they are published.
    is_fed: Callable[[int], bool] = lambda _partition: True
    # The position last written, or about to be written, to SQL.
    marked: int = field(init=False)
    taken: int = field(init=False)
    # Events are read from the log, not taken from the feed, until the group has caught up.
    behind: bool = True
    # While it is behind: something has been published since the log was read.
    more: bool = False
    _looked_to: int = -1
    # On the monotonic clock, when the last look into the log began.
    _looked_at: float = -inf
    # The time stamp of the newest event of our own that is taken on.
    _newest: datetime = LONG_AGO
    # The events taken on and not settled, in the order of the log.
    _open: deque[Taken] = field(default_factory=deque)
    # The positions that are finished while an earlier one is not.
    _finished: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.marked = self.taken = self.settled

    @property
    def partition(self) -> int:
        return self.lease.partition

    @property
    def oldest(self) -> datetime | None:
        """The time stamp of the oldest unsettled event."""
        return self._open[0].happened if self._open else None

    @property
    def mark(self) -> Mark:
        event_id = self._open[0].id_before if self._open else self.taken_id
        return Mark(self.partition, self.settled, event_id)

    def lacks_some(self, end: int) -> bool:
        """Whether the log, which ended at ``end`` a moment ago, has to be read: it has events that
        the feed has not brought since the last look, or brought when they could not be taken on.
        """
        if self.behind:
            return self.more or self.taken < end
        return self._looked_to == self.taken < end

    def looked(self, began_at: float) -> None:
        """Note a look that ``began_at``: events taken on from now on come from the feed."""
        self._looked_to, self._looked_at = self.taken, began_at

    def take(self, pos: int, envelope: Envelope) -> Callable[[], bool]:
        """Take on an event. Returns a function that tells, whenever it is called, whether an
        earlier event of another service may still have to be read from the log.
        """
        self.taken = pos
        self._open.append(Taken(pos, envelope.timestamp, self.taken_id))
        self.taken_id = envelope.event_id
        if envelope.sequence is not None:
            self._newest = envelope.timestamp
        taken_at = monotonic()
        return lambda: self.may_lack(pos, envelope.timestamp) or self._is_to_look(taken_at)

    def _is_to_look(self, taken_at: float) -> bool:
        """Whether only the next look can find what came before the event taken on then, because the
        feed brings nothing.
        """
        return (
            self._looked_at < taken_at + KEEPS_TURN
            and self.lease.is_open
            and not self.is_fed(self.partition)
        )

    def may_lack(self, pos: int, happened: datetime) -> bool:
        """Whether the unread part of the log may hold an event that another service sent in time
        and that belongs before the event at ``pos``.

        Never so for a group that keeps up.
        """
        return (
            self.behind
            and self.lease.is_open
            and self.taken < pos + READ_AHEAD
            and self._newest < happened + timedelta(seconds=KEEPS_TURN)
        )

    @property
    def is_cut_short(self) -> bool:
        """Whether the oldest unsettled event may wait for one that is not read yet."""
        if not self._open:
            return False
        oldest = self._open[0]
        return self.may_lack(oldest.pos, oldest.happened)

    def skip(self, pos: int, event_id: str | None) -> None:
        """Pass over an event that no subscriber of the group handles."""
        self.taken, self.taken_id = pos, event_id
        self._settle()

    def finish(self, pos: int) -> None:
        self._finished.add(pos)
        while self._open and self._open[0].pos in self._finished:
            self._finished.remove(self._open.popleft().pos)
        self._settle()

    def _settle(self) -> None:
        self.settled = self._open[0].pos - 1 if self._open else self.taken
