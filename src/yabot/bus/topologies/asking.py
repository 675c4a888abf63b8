"""Asks several servers the same, of which some may be gone and some may have outdated answers."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

Answer = TypeVar("Answer")

# Seconds that the other servers get once the first has answered.
GRACE = 0.1


async def ask_all(
    questions: Iterable[Coroutine[Any, Any, Answer]],
) -> tuple[list[Answer], list[Exception]]:
    """Ask concurrently; returns the answers, and the errors.

    A server that has not answered ``GRACE`` seconds after the first answer is left out.
    """
    asked = [asyncio.create_task(question) for question in questions]
    try:
        waiting = set(asked)
        while waiting and not any(map(_answered, asked)):
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if waiting:
            await asyncio.wait(waiting, timeout=GRACE)
    finally:
        for task in asked:
            task.cancel()
    failed = [_failure(task) for task in asked if task.done()]
    return (
        [task.result() for task in asked if _answered(task)],
        [failure for failure in failed if failure is not None],
    )


def _answered(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _failure(task: asyncio.Task[Any]) -> Exception | None:
    failure = None if task.cancelled() else task.exception()
    return failure if isinstance(failure, Exception) else None
