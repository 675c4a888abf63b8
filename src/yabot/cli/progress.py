"""Shows on a terminal what long work is doing, and for how long; otherwise nothing."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

# Seconds between two signs of life, and before the first one.
EVERY = 1.0
CLEAR = "\r\x1b[K"


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """Show progress while the block runs; ``doing`` is a few words such as "checking the story"."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()
    teller = threading.Thread(target=_tell, args=(doing, done), name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _tell(doing: str, done: threading.Event) -> None:
    began, told = monotonic(), False
    while not done.wait(EVERY):
        sys.stderr.write(f"{CLEAR}{doing} … {monotonic() - began:.0f} s")
        sys.stderr.flush()
        told = True
    if told:
        sys.stderr.write(CLEAR)
        sys.stderr.flush()


Advance = Callable[[int, int], None]
"""Takes how many are done, and how many there are."""


@contextmanager
def progress_bar(doing: str, things: str) -> Iterator[Advance]:
    """Show while the block runs how much is done, how fast, and how long it will take.

    ``things`` are what is counted, such as "users".
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    # Imported here, because that takes a while and few commands need it.
    from yabot.cli.bar import bar

    with bar(doing, things) as advance:
        yield advance
