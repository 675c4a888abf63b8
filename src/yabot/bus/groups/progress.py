"""A group's place in one partition: what it has taken on, and what of that is settled."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from yabot.storage.relational.database import Statement

# Seconds that what runs in a partition gets to end, before another process may go on there.
FINISH_SECONDS = 5.0


@dataclass(slots=True)
class Progress:
    """Positions are taken on in order, and finished in any order."""

    partition: int
    # Under which this process owns the partition.
    token: int
    # All up to there is finished: what a successor goes on from.
    settled: int
    # Up to there events may have been handled before: by an earlier owner, or an earlier start.
    handled_before: int
    # For each transaction that takes effect here: raises LeaseLost. None where nobody else can
    # have the partition.
    check: Statement[None] | None = None
    # Up to there SQL knows what is settled, or will within moments.
    marked: int = field(init=False)
    taken: int = field(init=False)
    # Events are read from the log, not taken from the feed, until the group has caught up.
    behind: bool = True
    # While it is behind: something has been published since the log was read.
    more: bool = False
    _looked_at: int = -1
    # On the monotonic clock.
    _closed_at: float | None = None
    # Those that are not settled, in order, and when they happened.
    _open: deque[tuple[int, datetime]] = field(default_factory=deque)
    # Those of them that are finished, while an earlier one is not.
    _finished: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.marked = self.taken = self.settled

    @property
    def closed(self) -> bool:
        """Another process has the partition, or is to have it: nothing more is taken on."""
        return self._closed_at is not None

    @property
    def is_over(self) -> bool:
        """Closed, and nobody need wait any longer for what still runs: it may wait for a store."""
        if self._closed_at is None:
            return False
        return not self._open or monotonic() - self._closed_at > FINISH_SECONDS

    def close(self) -> None:
        if self._closed_at is None:
            self._closed_at = monotonic()

    @property
    def oldest(self) -> datetime | None:
        """When the oldest event that is not settled happened."""
        return self._open[0][1] if self._open else None

    def lacks_some(self, end: int) -> bool:
        """Whether the log, which had come to ``end`` a moment ago, is to be read: there is what
        nobody has brought since the last look, or what was brought and could not be taken on.
        """
        if self.behind:
            return self.more or self.taken < end
        return self._looked_at == self.taken < end

    def looked(self) -> None:
        """After each look: what is taken on from now on, somebody has brought."""
        self._looked_at = self.taken

    def take(self, pos: int, happened: datetime) -> None:
        self.taken = pos
        self._open.append((pos, happened))

    def skip(self, pos: int) -> None:
        """An event that is nobody's business here."""
        self.taken = pos
        self._settle()

    def finish(self, pos: int) -> None:
        self._finished.add(pos)
        while self._open and self._open[0][0] in self._finished:
            self._finished.remove(self._open.popleft()[0])
        self._settle()

    def _settle(self) -> None:
        self.settled = self._open[0][0] - 1 if self._open else self.taken
