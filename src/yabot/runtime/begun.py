"""Work that is begun at once, and awaited only if it has to wait for anything.

A time limit takes 7 µs, and so does a task. Most work of the hot path needs neither: it is done
before it would have to wait.
"""

from collections.abc import Awaitable, Generator
from typing import Any


class Begun:
    """The rest of a coroutine that has reached its first wait; await it in the same task."""

    def __init__(self, steps: Generator[Any, Any, Any], waits_for: Any) -> None:
        self._steps = steps
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, None, None]:
        """Do what ``yield from`` does with a generator, from its second step on."""
        try:
            while True:
                try:
                    yield self._waits_for
                except BaseException as error:  # noqa: BLE001 - a cancellation is the work's too
                    self._waits_for = self._steps.throw(error)
                else:
                    self._waits_for = next(self._steps)
        except StopIteration:
            return


def begin(work: Awaitable[None]) -> Begun | None:
    """Run ``work`` up to its first wait; None if it has finished. Raises what ``work`` raises."""
    steps = work.__await__()
    try:
        return Begun(steps, next(steps))
    except StopIteration:
        return None
