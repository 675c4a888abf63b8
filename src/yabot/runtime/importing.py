"""Runs long imports in threads, while something else goes on."""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Thread
from typing import TypeVar
from weakref import WeakSet

T = TypeVar("T")

_threads: WeakSet[Thread] = WeakSet()


async def imported(*modules: str) -> None:
    """Import ``modules`` in a thread, while the event loop runs; later imports find them."""
    await import_aside(lambda: [import_module(module) for module in modules])


async def import_aside(call: Callable[[], T]) -> T:
    """Run ``call``, which imports, in a thread of its own; returns what it returns.

    Not in a thread of the loop's executor: the loop waits for those at its end, and an import
    cannot be cancelled.
    """
    outcome: Future[T] = Future()
    thread = Thread(target=_import, args=(call, outcome), name="import")
    _threads.add(thread)
    thread.start()
    return await asyncio.wrap_future(outcome)


def end_in_spite_of_imports() -> None:
    """The last call of a program that has finished successfully.

    Returns if nothing is being imported. Otherwise the process ends here, with exit code 0: Python
    would wait for the thread, and would stop a daemon thread in the middle of a library's C++ or
    Rust, which may crash then.
    """
    if not any(thread.is_alive() for thread in list(_threads)):
        return
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


@contextmanager
def importing() -> Iterator[None]:
    """Disable the garbage collector, which would scan imported objects again and again in vain."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _import(call: Callable[[], T], outcome: Future[T]) -> None:
    if not outcome.set_running_or_notify_cancel():
        return
    try:
        with importing():
            result = call()
    except BaseException as error:  # noqa: BLE001 - whoever waits for it is told
        outcome.set_exception(error)
    else:
        outcome.set_result(result)
