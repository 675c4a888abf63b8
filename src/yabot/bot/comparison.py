"""Whether Telegram fails on one call only, or on all calls of its method."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Comparison:
    """Of all calls that this process makes, by their methods."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        # Calls that are being tried and have failed.
        self.failing: Counter[str] = Counter()

    @contextmanager
    def of(self, method: str) -> Iterator["Trial"]:
        """Around all attempts at one call."""
        trial = Trial(self, method)
        try:
            yield trial
        finally:
            self.failing[method] -= trial.fails


class Trial:
    """Of one call: each attempt at it either ``succeeded`` or ``failed``."""

    def __init__(self, comparison: Comparison, method: str) -> None:
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
