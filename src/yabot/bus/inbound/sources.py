"""Where other services leave events. What they left stands there until it is dealt with."""

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
    # Absent in an entry that has no such field. Anybody may have written it: it may be no text.
    event: bytes | None
    place: Place = "stream"
    # Of the event, in bytes, where only its beginning was read.
    whole: int | None = None

    @property
    def size(self) -> int:
        """Of the event, in bytes."""
        return len(self.event or b"") if self.whole is None else self.whole

    @property
    def name(self) -> str:
        """Places may have the same id."""
        return self.id if self.place == "stream" else f"{self.place}:{self.id}"


class Source(ABC):
    """Killed at any moment, whoever reads it loses and doubles nothing: an entry is removed behind
    the commit of what came of it, and ``begin_anew`` begins with all that is there.
    """

    place: Place

    def __init__(self) -> None:
        # By id, what is dealt with and committed, but still there.
        self._done: dict[str, None] = {}

    @abstractmethod
    def begin_anew(self) -> None:
        """Start over: read everything that is still there again."""

    @abstractmethod
    async def read(self, seconds: float) -> list[Entry]:
        """READ_AT_ONCE entries at most, of which none was ``given``; it may wait up to ``seconds``
        for the first. Raises StoreUnavailable.
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
        """It was read again only because it could not be removed yet."""
        return entry.id in self._done

    @property
    def lags(self) -> bool:
        """Something that is done could not be removed yet."""
        return bool(self._done)

    async def remove_done(self) -> int:
        """How many there were. Raises StoreUnavailable: they are removed the next time."""
        removed = len(self._done)
        if removed:
            await self.remove([*self._done])
            self._done.clear()
        return removed
