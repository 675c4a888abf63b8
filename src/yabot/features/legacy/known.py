"""On what both stores agreed last about one user; what a merge or a write makes of that.

The old bot rewrites its file from what it has read some time before. So it may hand back an entry
that is older than our last write: that is held against what was agreed on then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from yabot.features.legacy.record import OldUser

MOST_FORMERS = 8
"""Of so many of our earlier writes it is remembered what was agreed on: the old bot would have to
keep a user in its hands while we write them more often."""


@dataclass(frozen=True, slots=True)
class Known:
    """The row of one user; ``digest`` is that of ``base``."""

    base: OldUser | None
    """None: the old store has never been seen to have them."""
    digest: str | None
    mark: int
    """Of our last write that has been seen to stand in the old store."""
    writing: OldUser | None
    """What is being written under the next mark: it may have arrived already."""
    formers: Mapping[int, OldUser] = field(default_factory=dict)
    """The bases under earlier marks."""
    waits: bool = False

    def has_arrived(self, mark: int) -> bool:
        """Whether what has that mark comes of what was being written: it stands there."""
        return self.writing is not None and mark > self.mark

    def is_former(self, mark: int) -> bool:
        """Whether what has that mark lacks what we have written since."""
        return mark < self.mark

    def agreed(self, mark: int) -> OldUser | None:
        """What the old store had, when what has that mark was read there.

        None: nobody remembers.
        """
        if self.is_former(mark):
            return self.formers.get(mark)
        return self.writing if self.has_arrived(mark) else self.base

    def has_merged(self, theirs: OldUser, mark: int) -> bool:
        """Whether ``theirs``, which has that mark, has been taken in: it may be written over."""
        if self.is_former(mark):
            agreed = self.formers.get(mark)
            return agreed is None or agreed == theirs or agreed.digest == theirs.digest
        return not self.has_arrived(mark) and self.digest == theirs.digest

    def merged(self, theirs: OldUser, mark: int) -> "Known":
        """The row, when ``theirs``, which has that mark, has been taken in."""
        if self.is_former(mark):
            return replace(self, formers={**self.formers, mark: theirs})
        known = self.written() if self.has_arrived(mark) else self
        return replace(known, base=theirs, digest=theirs.digest, mark=mark)

    def written(self) -> "Known":
        """The row, when what was being written stands in the old store, or may stand there."""
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
        """The row, when ``user`` is about to be written."""
        return replace(self, writing=user)

    def writes_the_same(self, other: "Known") -> bool:
        """Whether both are about to write one thing, as one write."""
        return self.writing is not None and (self.mark, self.writing) == (other.mark, other.writing)

    def unwritten(self) -> "Known":
        """The row, when it is known that nothing has been written."""
        return replace(self, writing=None)
