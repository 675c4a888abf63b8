"""Whether Telegram fails on one call only, or on all calls of its method."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class FailureScope:
    """Of all calls that this process makes, by their methods."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        # Calls that are being tried and have failed.
        self.failing: Counter[str] = Counter()

    @contextmanager
    def of(self, method: str) -> Iterator["Attempt"]:
        """Around all attempts at one call."""
        attempt = Attempt(self, method)
        try:
            yield attempt
        finally:
            self.failing[method] -= attempt.fails


class Attempt:
    """Of one call: each attempt at it either ``succeeded`` or ``failed``."""

    def __init__(self, comparison: FailureScope, method: str) -> None:
        self.fails = False
        self._all = comparison
        self._method = method
        self._seen = comparison.taken[method]

    def succeeded(self) -> None:
        self._all.taken[self._method] += 1

    def failed(self) -> bool:
        """Whether this call is singled out: since the last attempt Telegram has taken another of
        its kind, or there is no other that fails.
        """
        others_pass = self._all.taken[self._method] > self._seen
        self._seen = self._all.taken[self._method]
        if not self.fails:
            self.fails = True
            self._all.failing[self._method] += 1
        return others_pass or self._all.failing[self._method] == 1
