"""Whether Telegram fails on one call only, or on all calls of its method."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class FailureScope:
    """Counts this process's calls by method: those that Telegram took, and those that fail."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        # Calls that are being tried and have failed.
        self.failing: Counter[str] = Counter()

    @contextmanager
    def of(self, method: str) -> Iterator["TriedCall"]:
        """A context around all attempts at one call."""
        call = TriedCall(self, method)
        try:
            yield call
        finally:
            self.failing[method] -= call.fails


class TriedCall:
    """One call over all its attempts: report each with ``succeeded`` or ``failed``."""

    def __init__(self, scope: FailureScope, method: str) -> None:
        self.fails = False
        self._all = scope
        self._method = method
        self._seen = scope.taken[method]

    def succeeded(self) -> None:
        self._all.taken[self._method] += 1

    def failed(self) -> bool:
        """Count a failed attempt. True if only this call fails: since its last attempt Telegram has
        taken another call of its method, or no other call of it fails now.
        """
        others_pass = self._all.taken[self._method] > self._seen
        self._seen = self._all.taken[self._method]
        if not self.fails:
            self.fails = True
            self._all.failing[self._method] += 1
        return others_pass or self._all.failing[self._method] == 1
