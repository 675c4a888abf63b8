"""Whether Telegram fails on one call only, or on all calls of its method."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class FailureScope:
    """Counts, by method, the calls of this process that Telegram has taken, and those that fail."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        # Calls that are being tried and have failed.
        self.failing: Counter[str] = Counter()

    @contextmanager
    def of(self, method: str) -> Iterator["TriedCall"]:
        """Around all attempts at one call."""
        call = TriedCall(self, method)
        try:
            yield call
        finally:
            self.failing[method] -= call.fails


class TriedCall:
    """One call, over all attempts at it: each of them has ``succeeded`` or ``failed``."""

    def __init__(self, scope: FailureScope, method: str) -> None:
        self.fails = False
        self._all = scope
        self._method = method
        self._seen = scope.taken[method]

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
