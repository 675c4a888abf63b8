"""When events die by the dozen, something is broken, and going on would only lose more."""

from collections import deque
from dataclasses import dataclass, field

OF_THE_LAST = 100
TOO_MANY = 20


@dataclass(slots=True)
class CircuitBreaker:
    """Counts dead letters among the last hundred events; while it is open, none is taken up."""

    dead: int = 0
    _fates: deque[bool] = field(default_factory=lambda: deque([False] * OF_THE_LAST))

    def note(self, dead: bool) -> None:
        self._fates.append(dead)
        self.dead += dead - self._fates.popleft()

    @property
    def is_open(self) -> bool:
        return self.dead >= TOO_MANY
