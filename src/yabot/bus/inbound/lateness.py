"""Shows late events in health, for those who watch health but neither the log nor the chat."""

from collections.abc import Callable
from time import monotonic

# Seconds after the last late event for which health shows it.
SHOWN = 3600.0


class Lateness:
    def __init__(self, shown: float = SHOWN) -> None:
        self._shown = shown
        self._events = 0
        self._last = 0.0
        # Gets what is wrong, and None when no event was late for a while.
        self.on_change: Callable[[str | None], None] = lambda _reason: None

    def note(self) -> None:
        self._events += 1
        self._last = monotonic()
        # Once: a reason that changed with each event would be a line in the log each time.
        if self._events == 1:
            self.on_change(
                "events of other services come too late: see `ordering_violated` in audit_log, and "
                "the clocks of those who send them"
            )

    def look(self) -> None:
        """Called now and then: ends the report when no event was late for a while."""
        if self._events and monotonic() - self._last >= self._shown:
            self._events = 0
            self.on_change(None)
