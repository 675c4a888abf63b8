"""Ends a process that does not end by itself because one of its threads hangs.

Python waits for its threads, and the event loop for those of its executor, without limit. This
module imports next to nothing: the process may be told to end while it imports everything else.
"""

import faulthandler
import os
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

# Seconds. An orderly end takes at most ten; service managers kill silently after fifteen.
LONGEST_END = 14.0
# Seconds for writing the last words: standard error may hang as well.
LAST_WORDS = 0.5
STANDARD_ERROR = 2


class LastResort:
    """Its thread stands by from the start: a signal handler cannot safely start one."""

    def __init__(self) -> None:
        # Exit codes. A SimpleQueue is reentrant: a signal handler may put a code in during a put.
        self._told: SimpleQueue[int] = SimpleQueue()

    def stand_by(self) -> None:
        # If no thread can be started, whatever needs one next reports it, and the program ends.
        with suppress(RuntimeError):
            threading.Thread(target=self._end_at_last, name="last resort", daemon=True).start()

    def end_at_last(self, exit_code: object = None) -> None:
        """Give the process ``LONGEST_END`` seconds from the first call; then end it, with a
        sentence that names the hanging threads, and the stacks of all threads.

        It then ends with ``exit_code``, or with 1 if that would mean success.
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
