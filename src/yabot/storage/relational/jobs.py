"""Work that an event loop hands to a thread, and how it hears of the outcome."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from yabot.storage.relational.database import Statement

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    work: Statement[Any]
    future: asyncio.Future[Any]


Outcome = tuple[Job, Any, BaseException | None]


def run(work: Statement[T], connection: Connection) -> T:
    """What it gives, or raises; of a StopIteration no future tells anybody: they would wait for
    good, and so would those who are told behind them.
    """
    try:
        return work(connection)
    except StopIteration as error:
        raise RuntimeError("a statement has raised StopIteration: give `next` a default") from error


def tell(outcomes: Iterable[Outcome]) -> None:
    """Set the futures, in the loop's thread; cancelled ones are skipped."""
    for job, result, error in outcomes:
        if job.future.done():
            continue
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)
