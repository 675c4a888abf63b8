"""The signals that tell this process to end.

It imports next to nothing: they may come while all else is imported.
"""

import signal
from collections.abc import Callable
from typing import Any

# Of what was ended by Ctrl+C before it was done, as shells tell it: 128 + SIGINT.
INTERRUPTED = 130


Handlers = dict[signal.Signals, Any]


def hear(on_signal: Callable[[], object]) -> Handlers:
    """From now on each of them is a call of ``on_signal``. Returns who heard them before.

    Not by the event loop: when that is closed, the next signal kills.
    """
    before: Handlers = {number: signal.getsignal(number) for number in _ending_signals()}
    for number in before:
        signal.signal(number, lambda _number, _frame: on_signal())
    return before


def hear_again(before: Handlers) -> None:
    """As it was before ``hear``."""
    for number, handler in before.items():
        signal.signal(number, handler)


def hear_no_more() -> None:
    """All that is left is to end: nobody need be told again."""
    for number in _ending_signals():
        signal.signal(number, signal.SIG_IGN)


def _ending_signals() -> list[signal.Signals]:
    """SIGHUP comes when the terminal is closed; whoever was started by nohup has it ignored."""
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
