"""When to send again, and how long to wait before: without making anybody's trouble worse."""

import random
import threading
from dataclasses import dataclass, field

from yabot_client.outcomes import Outcome, Refusal
from yabot_client.wire import Failure

# Seconds: a wait is up to FIRST, then up to twice that, …
FIRST = 0.2
LONGEST = 10.0
# What a try is given at least.
LEAST = 0.05
# YABOT has not done it, and says when to come again; a proxy has not reached it.
LATER = frozenset({429, 502, 503, 504})
# What has certainly not been done, whatever it was.
NOT_DONE = frozenset({429})
# Waiting does not mend the token.
HOPELESS = frozenset({"too_many_failures"})

_uniform = random.SystemRandom().uniform


class Budget:
    """How many tries more than calls a client makes: a fifth of them, and a few to begin with.

    So that whoever is in trouble is not asked many times as much as before.
    """

    MOST = 10.0
    OF_A_CALL = 0.2

    def __init__(self) -> None:
        self._left = self.MOST
        self._lock = threading.Lock()

    def earn(self) -> None:
        with self._lock:
            self._left = min(self.MOST, self._left + self.OF_A_CALL)

    def spend(self) -> bool:
        """Whether there is one more try."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True


@dataclass(frozen=True, slots=True)
class Retrying:
    """How a client tries again; one for all its calls."""

    # How many times more.
    most: int
    # Seconds, of a whole call, waits and all.
    deadline: float
    budget: Budget = field(default_factory=Budget)


class Tries:
    """Those of one call."""

    def __init__(self, retrying: Retrying, is_repeatable: bool, now: float) -> None:
        self._retrying = retrying
        self._is_repeatable = is_repeatable
        self._ends_at = now + retrying.deadline
        self._waits = 0
        retrying.budget.earn()

    def left(self, now: float) -> float:
        """Seconds until it must have ended."""
        return max(LEAST, self._ends_at - now)

    def believes(self, refusal: Refusal) -> bool:
        """Whether it is safe to send again because of what this says."""
        return self._is_repeatable or not refusal.is_hint

    def wait_after(self, outcome: Outcome, now: float) -> float | None:
        """Seconds to wait before trying again; None: that was all."""
        if self._waits >= self._retrying.most or not self._may_repeat(outcome):
            return None
        wait = _uniform(0, min(LONGEST, FIRST * 2**self._waits))
        if isinstance(outcome, Refusal):
            # Not all at that very moment.
            wait += outcome.retry_after or 0.0
        if now + wait >= self._ends_at or not self._retrying.budget.spend():
            return None
        self._waits += 1
        return wait

    def _may_repeat(self, outcome: Outcome) -> bool:
        if isinstance(outcome, Failure):
            is_safe = self._is_repeatable or not outcome.may_have_arrived
            return is_safe and not outcome.is_final
        if not isinstance(outcome, Refusal) or outcome.code in HOPELESS:
            return False
        if not self.believes(outcome):
            return False
        return outcome.status in (LATER if self._is_repeatable else NOT_DONE)
