"""Circuit breaker: too many dead letters in a row mean that something is broken."""

from collections import deque
from dataclasses import dataclass, field

OF_THE_LAST = 100
TOO_MANY = 20


def _all_well() -> deque[bool]:
    return deque([False] * OF_THE_LAST)


@dataclass(slots=True)
class CircuitBreaker:
    """Counts dead letters among the last hundred events; while open, no event is taken on."""

    dead: int = 0
    _fates: deque[bool] = field(default_factory=_all_well)
    _opened: bool = False

    def note(self, dead: bool) -> None:
        self._fates.append(dead)
        self.dead += dead - self._fates.popleft()

    def open(self) -> None:
        """Open it regardless of the count: another process has stopped the group."""
        self._opened = True

    def close(self) -> None:
        """Close it, and begin to count anew."""
        self._opened, self.dead = False, 0
        self._fates = _all_well()

    @property
    def is_open(self) -> bool:
        return self._opened or self.dead >= TOO_MANY
