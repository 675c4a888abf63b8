from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from yabot.features.legacy.record import Record, Refusal


@dataclass(frozen=True, slots=True)
class Entry:
    """One user as the store has them: ``key`` as it names them, or else their place in it, and a
    JSON text of the rest, which may be broken. Any database stores both; no ``key`` is empty."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Damage:
    """Where the store breaks off, in a sentence: what stands behind cannot be read."""

    where: str


class Source(Protocol):
    """One kind of store."""

    kind: str
    """As the report names it."""

    def recognizes(self, path: Path) -> bool:
        """Whether the file begins like one; opens nothing else and changes nothing."""

    def require_users(self, path: Path) -> None:
        """Raises InvalidInput, with a sentence, for a file of this kind that is no old bot's."""

    def copy(self, path: Path, to: Path) -> None:
        """Make a copy that nobody writes, as whole as an old bot that writes meanwhile lets it be;
        ``entries`` reads it as it reads the store. Quick, and locks nobody out for longer.

        Raises InvalidInput when it cannot be read at all, OSError when ``to`` cannot be written.
        """

    def entries(self, path: Path) -> Iterator[Entry | Damage]:
        """All users in the store's order, one at a time: memory does not grow with the file. One
        that stands there twice comes twice. Nothing comes behind a Damage.

        Raises InvalidInput when it cannot be read at all.
        """

    def interpret(self, entry: Entry) -> Record | Refusal:
        """What the entry says, repaired where it can be. Never raises, whatever the entry is."""
