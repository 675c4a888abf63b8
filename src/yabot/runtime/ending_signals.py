"""The signals that tell this process to end.

It imports next to nothing: a signal may come while everything else is imported.
"""

import signal
from collections.abc import Callable
from typing import Any

# The exit code of shells after Ctrl+C: 128 + SIGINT.
INTERRUPTED = 130


Handlers = dict[signal.Signals, Any]


def hear(on_signal: Callable[[], object]) -> Handlers:
    """Call ``on_signal`` at each of these signals; returns the previous handlers.

    The event loop's own handlers would not do: once the loop is closed, a signal would kill.
    """
    before: Handlers = {number: signal.getsignal(number) for number in _ending_signals()}
    for number in before:
        signal.signal(number, lambda _number, _frame: on_signal())
    return before


def hear_again(before: Handlers) -> None:
    """Restore the handlers that ``hear`` returned."""
    for number, handler in before.items():
        signal.signal(number, handler)


def hear_no_more() -> None:
    """Ignore the signals from now on: the program is about to end."""
    for number in _ending_signals():
        signal.signal(number, signal.SIG_IGN)


def _ending_signals() -> list[signal.Signals]:
    """SIGHUP comes when the terminal is closed; nohup starts programs that ignore it."""
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
