"""One attempt at an event: decide and commit; decide again when somebody was faster."""

import asyncio
from collections.abc import Callable
from typing import Any

from yabot.bus.dead_letters.failures import Case
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork
from yabot.runtime.begun import Begun, begin
from yabot.subscriber import Event


class HandlerTimedOut(TimeoutError):
    """The handler took longer than its subscriber allows."""


async def attempt(
    commits: CommitLog,
    case: Case,
    prepare: Callable[[UnitOfWork], None],
    cause_id: str | None = None,
) -> None:
    """Commit the handler's effects, together with what ``prepare`` puts into the unit.

    Raises GuardFailed when the state had changed before each of the commits, HandlerTimedOut,
    Interrupted, StoreUnavailable, LeaseLost, and whatever the handler raises.
    """
    event = Event(case.envelope, commits.catalog.payload_of(case.envelope))

    async def decide(work: UnitOfWork) -> None:
        prepare(work)
        await _handle(case, event, work)

    await commits.decide(case.cause(cause_id), decide, checks=case.checks)


async def _handle(case: Case, event: Event[Any], work: UnitOfWork) -> None:
    waiting = begin(case.subscriber.handle(event, work))
    if waiting is not None:
        await _within(case.subscriber.timeout, waiting)


async def _within(seconds: float, handling: Begun) -> None:
    try:
        async with asyncio.timeout(seconds) as limit:
            await handling
    except TimeoutError as error:
        if limit.expired():
            raise HandlerTimedOut(f"no decision within {seconds:g} s") from error
        raise
