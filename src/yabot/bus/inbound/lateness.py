"""Health's part of a wrong order: who watches it need not read the log, nor be an administrator."""

from collections.abc import Callable
from time import monotonic

# Seconds behind the last late event for which health speaks of it.
SHOWN = 3600.0


class Lateness:
    def __init__(self, shown: float = SHOWN) -> None:
        self._shown = shown
        self._events = 0
        self._last = 0.0
        # Told what is wrong, and None when nothing has been for a while.
        self.on_change: Callable[[str | None], None] = lambda _reason: None

    def note(self) -> None:
        self._events += 1
        self._last = monotonic()
        # Once: a reason that changes with each of them would be a line in the log each time.
        if self._events == 1:
            self.on_change(
                "events of other services come too late: see `ordering_violated` in audit_log, and "
                "the clocks of those who send them"
            )

    def look(self) -> None:
        """Now and then."""
        if self._events and monotonic() - self._last >= self._shown:
            self._events = 0
            self.on_change(None)
