"""Where other services leave events. An entry stays there until it is dealt with."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

READ_AT_ONCE = 200

# The stream, beside it, or SQL.
Place = Literal["stream", "aside", "posted"]


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    # None if the entry has no such field. Anybody may have written it: it may be no text.
    event: bytes | None
    place: Place = "stream"
    # The event's size in bytes, if only its beginning was read.
    whole: int | None = None

    @property
    def size(self) -> int:
        """The event's size in bytes."""
        return len(self.event or b"") if self.whole is None else self.whole

    @property
    def name(self) -> str:
        """Unique in all places, which may use the same ids."""
        return self.id if self.place == "stream" else f"{self.place}:{self.id}"


class Source(ABC):
    """A reader that is killed at any moment loses and doubles nothing: an entry is removed after
    its outcome is committed, and ``begin_anew`` starts with all entries that are there.
    """

    place: Place

    def __init__(self) -> None:
        # The ids of entries that are dealt with and committed, but not removed yet.
        self._done: dict[str, None] = {}

    @abstractmethod
    def begin_anew(self) -> None:
        """Start over: read everything that is still there again."""

    @abstractmethod
    async def read(self, seconds: float) -> list[Entry]:
        """At most READ_AT_ONCE entries, none of which was ``given``; may wait up to ``seconds`` for
        the first. Raises StoreUnavailable.
        """

    @abstractmethod
    def given(self, entry: Entry) -> None:
        """The caller keeps ``entry``: do not read it again before ``begin_anew``."""

    @abstractmethod
    async def remove(self, entry_ids: Sequence[str]) -> None:
        """Raises StoreUnavailable: the same call may be made again."""

    def done(self, entry: Entry) -> None:
        self._done[entry.id] = None

    def is_done(self, entry: Entry) -> bool:
        """Whether it was dealt with, and is read again only because it could not be removed yet."""
        return entry.id in self._done

    @property
    def lags(self) -> bool:
        """Whether a done entry could not be removed yet."""
        return bool(self._done)

    async def remove_done(self) -> int:
        """Remove done entries; returns how many. Raises StoreUnavailable; the next call retries."""
        removed = len(self._done)
        if removed:
            await self.remove([*self._done])
            self._done.clear()
        return removed
