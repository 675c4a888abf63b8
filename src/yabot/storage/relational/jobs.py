"""Work that an event loop hands to a thread, and how it hears of the outcome."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from yabot.storage.relational.database import Statement


@dataclass(frozen=True, slots=True)
class Job:
    work: Statement[Any]
    future: asyncio.Future[Any]


Outcome = tuple[Job, Any, BaseException | None]


def settable(error: BaseException) -> BaseException:
    """``error``, or what a future takes in its place: of a StopIteration it would never tell."""
    if not isinstance(error, StopIteration):
        return error
    mistake = RuntimeError("a statement has raised StopIteration: give `next` a default")
    mistake.__cause__ = error
    return mistake


def tell(outcomes: Iterable[Outcome]) -> None:
    """Set the futures, in the loop's thread; cancelled ones are skipped."""
    for job, result, error in outcomes:
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(settable(error))
