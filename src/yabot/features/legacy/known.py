"""What both stores agreed on last about one user, and what a merge or a write makes of it.

The old bot rewrites its file from what it read some time before. So an entry in it may be older
than our last write; such an entry is compared with what was agreed on at that time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from yabot.features.legacy.record import OldUser

MOST_FORMERS = 8
"""For how many of our earlier writes the agreement is remembered. It is too few only if the old bot
keeps a user in memory while we write them more often."""


@dataclass(frozen=True, slots=True)
class Known:
    """The row of one user; ``digest`` is that of ``base``."""

    base: OldUser | None
    """None: the old store has never been seen to have them."""
    digest: str | None
    mark: int
    """The number of our last write that has been seen in the old store."""
    writing: OldUser | None
    """What is being written under the next mark: it may have arrived already."""
    formers: Mapping[int, OldUser] = field(default_factory=dict)
    """The bases under earlier marks."""
    waits: bool = False

    def has_arrived(self, mark: int) -> bool:
        """Whether an entry with that mark descends from ``writing``, which has arrived then."""
        return self.writing is not None and mark > self.mark

    def is_former(self, mark: int) -> bool:
        """Whether an entry with that mark is older than our last write."""
        return mark < self.mark

    def agreed(self, mark: int) -> OldUser | None:
        """What the old store had when an entry with that mark was read there.

        None: nobody remembers.
        """
        if self.is_former(mark):
            return self.formers.get(mark)
        return self.writing if self.has_arrived(mark) else self.base

    def has_merged(self, theirs: OldUser, mark: int) -> bool:
        """Whether ``theirs``, an entry with that mark, has been merged, and may be overwritten."""
        if self.is_former(mark):
            agreed = self.formers.get(mark)
            return agreed is None or agreed == theirs or agreed.digest == theirs.digest
        return not self.has_arrived(mark) and self.digest == theirs.digest

    def merged(self, theirs: OldUser, mark: int) -> "Known":
        """The row after ``theirs``, an entry with that mark, has been merged."""
        if self.is_former(mark):
            return replace(self, formers={**self.formers, mark: theirs})
        known = self.written() if self.has_arrived(mark) else self
        return replace(known, base=theirs, digest=theirs.digest, mark=mark)

    def written(self) -> "Known":
        """The row once ``writing`` has arrived in the old store, or may have."""
        if self.writing is None:
            return self
        last = {} if self.base is None else {self.mark: self.base}
        formers = {**self.formers, **last}
        newest = sorted(formers)[-MOST_FORMERS:]
        return Known(
            self.writing,
            self.writing.digest,
            self.mark + 1,
            None,
            {mark: formers[mark] for mark in newest},
        )

    def writes(self, user: OldUser) -> "Known":
        """The row before ``user`` is written."""
        return replace(self, writing=user)

    def writes_the_same(self, other: "Known") -> bool:
        """Whether both are about to write the same, under the same mark."""
        return self.writing is not None and (self.mark, self.writing) == (other.mark, other.writing)

    def unwritten(self) -> "Known":
        """The row once it is certain that nothing was written."""
        return replace(self, writing=None)
