"""Processes of a test's own, each a fork of one that has imported what they need, once.

That one has no threads, as the tests' process has: a fork of it begins with no lock held.
"""

import multiprocessing
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from typing import Any

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "tests.bus.mortal",
        "tests.client.forked",
        "tests.coordinator.program",
        "tests.storage.migrator",
    ]
)


def started(target: Callable[..., None], *args: Any) -> ForkServerProcess:
    process = _context.Process(target=target, args=args)
    process.start()
    return process


def barrier(parties: int) -> Any:
    """At which so many of them wait for each other."""
    return _context.Barrier(parties)
