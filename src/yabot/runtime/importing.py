"""Imports that take long, while something else goes on."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module


async def imported(*modules: str) -> None:
    """In a thread: meanwhile the loop turns. What then imports them finds them there."""
    await asyncio.to_thread(_import, modules)


@contextmanager
def importing() -> Iterator[None]:
    """Without the garbage collector, which would walk over what is imported again and again, and
    find that all of it stays.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _import(modules: tuple[str, ...]) -> None:
    with importing():
        for module in modules:
            import_module(module)
