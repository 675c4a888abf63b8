"""Delivers one event to one subscriber, until it has taken effect or is a dead letter."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

from pydantic import ValidationError

from yabot.bus.dead_letters import failures
from yabot.bus.dead_letters.failures import Case, Letter
from yabot.bus.groups.attempt import HandlerTimedOut, attempt
from yabot.bus.groups.pace import USUAL, Pace
from yabot.bus.groups.receipts import receipted
from yabot.clock import utc_now
from yabot.error_text import error_text
from yabot.errors import GuardFailed, LeaseLost, StoreUnavailable, TerminalError
from yabot.events.failures import EventProcessingFailed
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork
from yabot.log.waits import whatever_passes
from yabot.observability.logging import CORRELATION_ID, get_logger
from yabot.observability.metrics import EVENT_HANDLING, EVENT_WAITING, EVENTS_HANDLED, labelled
from yabot.runtime.backoff import backoff
from yabot.runtime.interruption import Interrupted
from yabot.runtime.loops import set_within
from yabot.storage.relational.database import Statement

log = get_logger(__name__)

# Attempts that run at a time, without events that wait for their next attempt.
IN_FLIGHT = 256
# Failures after which a subscriber gives an event up.
ATTEMPTS = 6

# Errors that no repetition can mend.
HOPELESS = (TerminalError, ValidationError)
FORESEEN = (*HOPELESS, GuardFailed, HandlerTimedOut, Interrupted)


@dataclass(slots=True)
class Delivery:
    commits: CommitLog
    # Called for each settled event, with whether it became a dead letter.
    on_settled: Callable[[bool], None]
    pace: Pace = USUAL
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT))

    async def deliver(self, case: Case) -> None:
        """Returns once the event is handled, or a dead letter. Raises LeaseLost."""
        waited = (utc_now() - case.envelope.timestamp).total_seconds()
        labelled(EVENT_WAITING, case.group).observe(max(waited, 0.0))
        before = CORRELATION_ID.set(case.envelope.correlation_id)
        try:
            if not await self._try_once(case):
                await self._persist(case)
        finally:
            CORRELATION_ID.reset(before)

    async def _persist(self, case: Case) -> None:
        for pause in backoff(first=self.pace.first_pause, most=self.pace.longest_pause):
            await self._rest(case, pause)
            if await self._try_once(case):
                return

    async def _rest(self, case: Case, seconds: float) -> None:
        """Wait for ``seconds``. Raises LeaseLost at once when the lease is closed meanwhile."""
        if case.lease is None:
            await asyncio.sleep(seconds)
        elif await set_within(case.lease.closed, seconds):
            case.lease.require()

    async def retry(self, case: Case, letter: Letter) -> None:
        """Try a dead letter once more: it is resolved, or stays dead with the new error.

        Raises StoreUnavailable, LeaseLost: then it still waits for its retry.
        """

        def resolve(work: UnitOfWork) -> None:
            work.add(failures.resolved(case))

        cause_id = f"{letter.envelope.event_id}:retry:{letter.attempts}"
        try:
            async with self._slots:
                await attempt(self.commits, case, resolve, cause_id)
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - the operator reads it in the dead letter
            await self.commits.database.write(failures.stays_dead(letter.id, error))
            log.warning("dead_letter.stays", consumer=case.consumer, reason=error_text(error))
        else:
            labelled(EVENTS_HANDLED, case.consumer, "retried").inc()
            log.info("dead_letter.resolved", consumer=case.consumer, id=letter.id)

    async def _try_once(self, case: Case) -> bool:
        """Make one attempt; true if no other is needed. Raises LeaseLost."""
        try:
            async with self._slots:
                if not case.unsure or not await self._is_receipted(case):
                    await self._attempt(case)
        except LeaseLost:
            raise
        except StoreUnavailable as error:
            # It is not the event's fault: no attempt is used up. Logged as a warning once for each
            # event, however long the store is away.
            note = log.debug if case.unsure else log.warning
            note("event.waiting", consumer=case.consumer, reason=str(error))
            case.unsure = True
            return False
        except Exception as error:  # noqa: BLE001 - told in the log, the metrics and dead_letters
            return await self._take_failure(case, error)
        self._tell(case, "ok")
        return True

    async def _attempt(self, case: Case) -> None:
        started = perf_counter()
        try:
            await attempt(self.commits, case, lambda work: self._recover(case, work))
        finally:
            labelled(EVENT_HANDLING, case.consumer).observe(perf_counter() - started)

    async def _is_receipted(self, case: Case) -> bool:
        """Whether the commit whose answer is missing has succeeded. Raises StoreUnavailable."""
        found = receipted([case.consumer], [case.envelope.event_id])
        if not await self.commits.database.read(found):
            return False
        # The followers have not been told about that commit.
        self.commits.look_again()
        return True

    def _tell(self, case: Case, outcome: Literal["ok", "dead"]) -> None:
        labelled(EVENTS_HANDLED, case.consumer, outcome).inc()
        self.on_settled(outcome == "dead")

    def _recover(self, case: Case, work: UnitOfWork) -> None:
        if case.failures:
            work.add(failures.recovered(case))

    async def _take_failure(self, case: Case, error: Exception) -> bool:
        """As ``_fail``; also False if SQL refuses the note of the failure: the event is tried again
        until that is mended, because an unsettled event holds up the group's position in the log.
        """
        try:
            return await self._fail(case, error)
        except LeaseLost:
            raise
        except Exception:
            failed_id = case.envelope.event_id
            log.exception("event.not_noted", consumer=case.consumer, event_id=failed_id)
            return False

    async def _fail(self, case: Case, error: Exception) -> bool:
        """Count the failure; true when the event has become a dead letter."""
        case.failures += 1
        _log_failure(case, error)
        if case.failures >= ATTEMPTS or isinstance(error, HOPELESS):
            await self._bury(case, error)
            self._tell(case, "dead")
            return True
        labelled(EVENTS_HANDLED, case.consumer, "failed").inc()
        await self._note(failures.failed(case, error, state="retrying"))
        return False

    async def _note(self, note: Statement[None]) -> None:
        """Write ``note``, and try again until SQL has taken it."""
        tell = log.warning
        for pause in backoff():
            try:
                await self.commits.database.write(note)
            except StoreUnavailable as away:
                tell("event.waiting", reason=str(away))
                tell = log.debug
                await asyncio.sleep(pause)
            else:
                return

    async def _bury(self, case: Case, error: Exception) -> None:
        """Commit receipt, dead letter and the event about it together."""

        async def bury(work: UnitOfWork) -> None:
            work.add(failures.failed(case, error, state="dead"))
            # A subscriber that fails on these would make more and more of them.
            if case.envelope.event_type != EventProcessingFailed.event_type:
                told = EventProcessingFailed(
                    original_event_id=case.envelope.event_id,
                    original_event_type=case.envelope.event_type,
                    error=failures.failure_code(error),
                    consumer=case.consumer,
                )
                work.publish(told, case.envelope.user_id)

        await self.commits.decide(case.cause(), bury, checks=case.checks, waits_out=whatever_passes)


def _log_failure(case: Case, error: Exception) -> None:
    log.warning(
        "event.failed",
        consumer=case.consumer,
        event_type=case.envelope.event_type,
        event_id=case.envelope.event_id,
        attempt=case.failures,
        reason=error_text(error),
        exc_info=None if isinstance(error, FORESEEN) else error,
    )
