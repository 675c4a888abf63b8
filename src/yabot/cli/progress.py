"""Says on a terminal what long work does, and for how long; a program reads none of it."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

# Seconds between two signs of life, the first of which means that it takes long.
EVERY = 1.0
CLEAR = "\r\x1b[K"


@contextmanager
def progress(doing: str) -> Iterator[None]:
    """While it runs; ``doing`` is a few words such as "checking the story"."""
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
