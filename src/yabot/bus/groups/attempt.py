"""One attempt at an event: decide and commit; decide again when somebody was faster."""

import asyncio
from collections.abc import Callable
from typing import Any

from yabot.bus.groups.failures import Case
from yabot.errors import GuardFailed
from yabot.log.commit_log import CommitLog
from yabot.log.deciding import decide
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.begun import Begun, begin
from yabot.subscriber import Event

log = get_logger(__name__)


class HandlerTimedOut(TimeoutError):
    """The handler took longer than its subscriber allows."""


class HandlerInterrupted(RuntimeError):
    """What the handler awaited was cancelled, and not by those who run the handler."""


async def attempt(commits: CommitLog, case: Case, prepare: Callable[[], UnitOfWork]) -> None:
    """The handler's effects are committed, together with what ``prepare`` has put into the unit.

    A decision that adds nothing commits nothing. Raises GuardFailed when the state has changed
    under every one of the decisions, HandlerTimedOut, HandlerInterrupted, and whatever the handler
    raises.
    """
    event = Event(case.envelope, commits.catalog.payload_of(case.envelope))

    def again(error: GuardFailed) -> None:
        log.debug("event.decides_again", consumer=case.consumer, reason=str(error))

    await decide(lambda: _decide_and_commit(commits, case, event, prepare()), again)


async def _decide_and_commit(
    commits: CommitLog, case: Case, event: Event[Any], work: UnitOfWork
) -> None:
    try:
        waiting = begin(case.subscriber.handle(event, work))
        if waiting is not None:
            await _within(case.subscriber.timeout, waiting)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise HandlerInterrupted("what the handler awaited was cancelled") from error
    if _changes_something(work, case):
        await commits.commit(work)


async def _within(seconds: float, handling: Begun) -> None:
    try:
        async with asyncio.timeout(seconds) as limit:
            await handling
    except TimeoutError as error:
        if limit.expired():
            raise HandlerTimedOut(f"no decision within {seconds:g} s") from error
        raise


def _changes_something(work: UnitOfWork, case: Case) -> bool:
    checks = 0 if case.owner_check is None else 1
    gathered = (work.documents, work.events, work.messages, work.ingested)
    return len(work.statements) > checks or any(gathered)
