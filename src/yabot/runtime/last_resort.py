"""The end of a process that does not end by itself, since a thread of it hangs.

Python waits for its threads, and the event loop for those that it has called, however long that
takes. It imports next to nothing: what is told to end may be importing all else.
"""

import faulthandler
import os
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

# Seconds. An end in order takes ten at most, and service managers kill after fifteen, in silence.
LONGEST_END = 14.0
# Seconds that the last words get: whoever is to take them may hang as well.
LAST_WORDS = 0.5
STANDARD_ERROR = 2


class LastResort:
    """Stands by from the beginning: in a signal's handler no thread can be started safely."""

    def __init__(self) -> None:
        # Of exit codes. A signal's handler may put one in while it is just about that, and waits
        # for no lock.
        self._told: SimpleQueue[int] = SimpleQueue()

    def stand_by(self) -> None:
        # Where no thread can be started, whatever needs one next says so, and the program ends.
        with suppress(RuntimeError):
            threading.Thread(target=self._end_at_last, name="last resort", daemon=True).start()

    def end_at_last(self, exit_code: object = None) -> None:
        """From the first call on the process has ``LONGEST_END`` to end; then it is ended from
        within, with a sentence that says which threads hang, and the stacks of all.

        It is ended with the ``exit_code`` that it would have had, or with 1: all is not as it
        should be.
        """
        self._told.put(exit_code if isinstance(exit_code, int) and exit_code else 1)

    def _end_at_last(self) -> None:
        exit_code = self._told.get()
        time.sleep(LONGEST_END)
        try:
            telling = threading.Thread(target=_tell, daemon=True)
            telling.start()
            telling.join(LAST_WORDS)
        finally:
            os._exit(exit_code)


last_resort = LastResort()


def _tell() -> None:
    running = [each.name for each in threading.enumerate() if not each.daemon and each.is_alive()]
    sentence = (
        f"YABOT was to end {LONGEST_END:g} s ago, and something hangs in it (threads: "
        f"{', '.join(running)}). It ends now, as by a kill: nothing that was acknowledged is lost. "
        "If that comes again, look whether the disks and network drives of this machine answer, "
        "and report it with what follows.\n"
    )
    os.write(STANDARD_ERROR, sentence.encode())
    faulthandler.dump_traceback(STANDARD_ERROR)
