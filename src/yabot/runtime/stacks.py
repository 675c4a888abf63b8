"""Shows on a signal what every thread is doing, while the program goes on."""

import faulthandler
import signal

# Unhandled, these signals would end the process. SIGQUIT is what one sends to Java programs.
ASKING = (signal.SIGQUIT, signal.SIGUSR1)
STANDARD_ERROR = 2


def show_when_asked() -> None:
    """Make each of these signals write all stacks to standard error, as places in the source
    without values. This works even while the event loop is blocked."""
    for number in ASKING:
        faulthandler.register(number, STANDARD_ERROR)
