"""What every thread is doing right now, for whoever asks by a signal: the program goes on."""

import faulthandler
import signal

# Each would end the process in the middle of its work. By the first one Java programs are asked.
ASKING = (signal.SIGQUIT, signal.SIGUSR1)
STANDARD_ERROR = 2


def show_when_asked() -> None:
    """From now on each of these signals writes the stacks to standard error: places in the
    program's text alone, no values. Also while the event loop stands still."""
    for number in ASKING:
        faulthandler.register(number, STANDARD_ERROR)
