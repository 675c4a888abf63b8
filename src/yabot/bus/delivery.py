"""One event to one subscriber: until it has taken effect, or is a dead letter."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pydantic import ValidationError
from structlog.contextvars import bound_contextvars

from yabot.bus import failures
from yabot.bus.attempt import HandlerTimedOut, attempt
from yabot.bus.failures import Case, Letter
from yabot.clock import utc_now
from yabot.errors import GuardFailed, OwnershipLost, StoreUnavailable, TerminalError
from yabot.events.failures import EventProcessingFailed
from yabot.observability.logging import get_logger
from yabot.observability.metrics import EVENT_HANDLING, EVENT_WAITING, EVENTS_HANDLED
from yabot.runtime.backoff import backoff
from yabot.storage.relational.commit_log import CommitLog
from yabot.storage.relational.unit_of_work import UnitOfWork

log = get_logger(__name__)

# Failures after which a subscriber gives an event up, and the pauses between them, in seconds.
ATTEMPTS = 6
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0

# What no repetition can mend.
HOPELESS = (TerminalError, ValidationError)
FORESEEN = (*HOPELESS, GuardFailed, HandlerTimedOut)


@dataclass(slots=True)
class Delivery:
    commits: CommitLog
    # Told of each dead letter.
    on_dead: Callable[[], None]
    # Failures so far, by consumer and event; SQL has them too.
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)

    async def deliver(self, case: Case) -> None:
        """Returns when the matter is settled. Raises OwnershipLost: then it is another's."""
        waited = (utc_now() - case.envelope.timestamp).total_seconds()
        EVENT_WAITING.labels(case.group).observe(max(waited, 0.0))
        with bound_contextvars(correlation_id=case.envelope.correlation_id):
            for pause in backoff(first=FIRST_PAUSE, most=LONGEST_PAUSE):
                if await self._is_settled(case):
                    return
                await asyncio.sleep(pause)

    async def retry(self, case: Case, letter: Letter) -> None:
        """Once more for a dead letter: it is resolved, or stays dead with what went wrong.

        Raises StoreUnavailable, OwnershipLost: then it still waits for its retry.
        """

        def prepare() -> UnitOfWork:
            work = case.unit(f"{letter.envelope.event_id}:retry:{letter.attempts}")
            work.run(failures.resolved(case))
            return work

        try:
            await attempt(self.commits, case, prepare)
        except (OwnershipLost, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - the operator reads it in the dead letter
            await self.commits.database.write(failures.stays_dead(letter, error))
            log.warning("dead_letter.stays", consumer=case.consumer, reason=str(error))
        else:
            EVENTS_HANDLED.labels(case.consumer, "retried").inc()
            log.info("dead_letter.resolved", consumer=case.consumer, id=letter.id)

    async def _is_settled(self, case: Case) -> bool:
        """One attempt."""
        try:
            with EVENT_HANDLING.labels(case.consumer).time():
                await attempt(self.commits, case, lambda: self._prepare(case))
        except OwnershipLost:
            raise
        except StoreUnavailable as error:
            # It is not the event's fault: no attempt is used up.
            log.warning("event.waiting", consumer=case.consumer, reason=str(error))
            return False
        except Exception as error:  # noqa: BLE001 - told in the log, the metrics and dead_letters
            return await self._fail(case, error)
        self.attempts.pop(case.key, None)
        EVENTS_HANDLED.labels(case.consumer, "ok").inc()
        return True

    def _prepare(self, case: Case) -> UnitOfWork:
        work = case.unit()
        if case.key in self.attempts:
            work.run(failures.recovered(case))
        return work

    async def _fail(self, case: Case, error: Exception) -> bool:
        """True when it has become a dead letter."""
        attempts = self.attempts.get(case.key, 0) + 1
        _log_failure(case, attempts, error)
        if attempts >= ATTEMPTS or isinstance(error, HOPELESS):
            self.attempts.pop(case.key, None)
            await self._bury(case, attempts, error)
            return True
        self.attempts[case.key] = attempts
        EVENTS_HANDLED.labels(case.consumer, "failed").inc()
        note = failures.failed(case, attempts, error, state="retrying")
        await _persistently(lambda: self.commits.database.write(note))
        return False

    async def _bury(self, case: Case, attempts: int, error: Exception) -> None:
        """Receipt, dead letter and the event that tells of it are one commit."""
        work = case.unit()
        work.run(failures.failed(case, attempts, error, state="dead"))
        # A subscriber that fails on these would make more and more of them.
        if case.envelope.event_type != EventProcessingFailed.event_type:
            told = EventProcessingFailed(
                original_event_id=case.envelope.event_id,
                original_event_type=case.envelope.event_type,
                error=failures.code_of(error),
                consumer=case.consumer,
            )
            work.publish(told, case.envelope.user_id)
        await _persistently(lambda: self.commits.commit(work))
        EVENTS_HANDLED.labels(case.consumer, "dead").inc()
        self.on_dead()


async def _persistently(write: Callable[[], Awaitable[object]]) -> None:
    """Until SQL has taken it."""
    for pause in backoff():
        try:
            await write()
        except (GuardFailed, StoreUnavailable) as away:
            log.warning("event.waiting", reason=str(away))
            await asyncio.sleep(pause)
        else:
            return


def _log_failure(case: Case, attempts: int, error: Exception) -> None:
    log.warning(
        "event.failed",
        consumer=case.consumer,
        event_type=case.envelope.event_type,
        event_id=case.envelope.event_id,
        attempt=attempts,
        reason=str(error) or type(error).__name__,
        exc_info=None if isinstance(error, FORESEEN) else error,
    )
