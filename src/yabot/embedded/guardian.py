"""Becomes an engine, and leaves a watcher beside it that ends it when the parent is gone.

Run by path, ``python -I -S guardian.py COMMAND…``, so that it needs nothing but the standard
library. Standard input is a pipe whose other end only the parent holds, so it closes however the
parent dies. The process that was started turns into the engine, so the parent's child *is* the
engine; the fork that stays behind is the watcher.
"""

import os
import select
import signal
import sys
import time
from typing import NoReturn

PATIENCE = 5.0  # seconds that an engine has to write its last data after SIGTERM
LOOK_UP = 1.0  # seconds between two looks at whether the engine has ended by itself


def main(command: list[str]) -> NoReturn:
    engine = os.getpid()
    if os.fork() == 0:
        _watch(engine)
        os._exit(0)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is meant
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


def _watch(engine: int) -> None:
    for polite in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(polite, signal.SIG_IGN)
    while _runs(engine):
        parent_is_gone, _, _ = select.select([0], [], [], LOOK_UP)
        if parent_is_gone:
            return _end(engine)
    return None


def _end(engine: int) -> None:
    deadline = time.monotonic() + PATIENCE
    _signal(engine, signal.SIGTERM)
    while _runs(engine) and time.monotonic() < deadline:
        time.sleep(0.02)
    _signal(engine, signal.SIGKILL)


def _runs(engine: int) -> bool:
    """Whether the engine is still our parent; after its end the watcher has another one, so a
    reused pid cannot deceive us."""
    return os.getppid() == engine


def _signal(engine: int, number: signal.Signals) -> None:
    if _runs(engine):
        os.kill(engine, number)


if __name__ == "__main__":
    main(sys.argv[1:])
