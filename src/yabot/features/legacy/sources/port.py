from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from yabot.features.legacy.record import Record, Refusal


@dataclass(frozen=True, slots=True)
class Entry:
    """One user as the store has them: ``key`` is their id there, or else their place in the store;
    ``text`` is JSON, and may be broken. Any database stores both; no ``key`` is empty."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Damage:
    """Says in a sentence where the store breaks off: what stands behind that cannot be read."""

    where: str


class Source(Protocol):
    """One kind of store."""

    kind: str
    """The name of the kind, as in reports."""

    def recognizes(self, path: Path) -> bool:
        """Whether the file begins like one; opens nothing else and changes nothing."""

    def require_users(self, path: Path) -> None:
        """Raises InvalidInput, with a sentence, for a file of this kind that is no old bot's."""

    def copy(self, path: Path, to: Path) -> None:
        """Make a copy that nobody writes, as complete as possible while an old bot writes;
        ``entries`` reads the copy like the store. It is quick, and locks nobody out for longer.

        Raises InvalidInput when it cannot be read at all, OSError when ``to`` cannot be written.
        """

    def entries(self, path: Path) -> Iterator[Entry | Damage]:
        """All users in the store's order, one at a time: memory does not grow with the file. A key
        that stands there twice comes twice. A Damage is always the last.

        Raises InvalidInput when it cannot be read at all.
        """

    def interpret(self, entry: Entry) -> Record | Refusal:
        """What the entry says, repaired where it can be. Never raises, whatever the entry is."""
