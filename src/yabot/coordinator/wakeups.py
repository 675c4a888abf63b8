"""The steps without an event: deadlines, and compensations of failed workflows."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from yabot.coordinator import rows
from yabot.coordinator.coordinator import Coordinator, consumer_of
from yabot.coordinator.machine import COMPENSATING, STUCK
from yabot.coordinator.rows import StoredWorkflow
from yabot.error_text import error_text
from yabot.errors import GuardFailed, LeaseLost, StoreUnavailable, TerminalError
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Statement
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)

# Each raises LeaseLost when another process has the partition by then.
Checks = Sequence[Statement[None]]

# Failures of one compensation after which the workflow is stuck.
ATTEMPTS = 10
# Seconds; the pause doubles with each failure.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 3600.0
# Seconds that one decision may take.
TIMEOUT = 30.0


class WakeUps:
    """Each workflow whose time has come is one cause, decided and committed on its own."""

    def __init__(self, coordinator: Coordinator, clock: TrustedClock) -> None:
        self._coordinator = coordinator
        self._commits = coordinator.commits
        self._clock = clock

    async def take_up(self, workflow_id: str, checks: Checks) -> None:
        """Take the workflow's due steps: its deadline, or its compensations one after another.

        A step that fails is due again later. Raises LeaseLost, StoreUnavailable, ClockDistrusted:
        then the step is due as before.
        """
        while (stored := await self._due(workflow_id)) is not None:
            if not await self._step(stored, checks) or stored.state != COMPENSATING:
                return

    async def _due(self, workflow_id: str) -> StoredWorkflow | None:
        stored = await self._commits.database.read(rows.find(workflow_id))
        if stored is None or stored.deadline is None or stored.deadline > self._clock.now():
            return None
        return stored

    async def _step(self, stored: StoredWorkflow, checks: Checks) -> bool:
        try:
            await self._decide(stored, checks)
        except GuardFailed:
            # An event was faster, or another instance: the next look shows what is left to do.
            log.debug("workflow.overtaken", workflow=stored.id)
            return False
        except (LeaseLost, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - told in the log and in its row
            await self._put_off(stored, error, checks)
            return False
        return True

    async def _decide(self, stored: StoredWorkflow, checks: Checks) -> None:
        steps = self._coordinator.steps_of(stored)

        async def decide(work: UnitOfWork) -> None:
            async with asyncio.timeout(TIMEOUT):
                if stored.state == COMPENSATING:
                    await steps.compensate(stored, work)
                else:
                    await steps.on_deadline(stored, work)

        cause = _cause(stored)
        # One attempt: the decision is based on ``stored``, which would be out of date.
        await self._commits.decide(cause, decide, checks=checks, attempts=1)
        log.info("workflow.woken", workflow=stored.id, cause_id=cause.id)

    async def _put_off(self, stored: StoredWorkflow, error: Exception, checks: Checks) -> None:
        attempts = stored.attempts + 1
        reason = error_text(error)
        values: dict[str, Any] = {"attempts": attempts, "error": reason}
        if stored.state == COMPENSATING and _is_hopeless(error, attempts):
            values |= {"state": STUCK, "deadline": None}
            log.error("workflow.stuck", workflow=stored.id, attempts=attempts, reason=reason)
        else:
            values |= {"deadline": self._clock.now() + _pause(attempts)}
            log.warning("workflow.put_off", workflow=stored.id, attempt=attempts, reason=reason)
        change = rows.change(stored, values)
        try:
            await self._commits.database.write(_checked(checks, change))
        except GuardFailed:
            log.debug("workflow.overtaken", workflow=stored.id)


def _cause(stored: StoredWorkflow) -> Cause:
    """A cause of its own for each deadline and compensation, because versions never repeat."""
    if stored.state == COMPENSATING:
        step = json.loads(stored.done)[-1]
        cause_id = f"{stored.id}:compensate:{step}:{stored.version}"
        return Cause(consumer_of(stored.kind), cause_id, stored.correlation_id)
    cause_id = f"deadline:{stored.id}:{stored.version}"
    return Cause(consumer_of(stored.kind), cause_id, cause_id)


def _checked(checks: Checks, change: Statement[None]) -> Statement[None]:
    def write(connection: Connection) -> None:
        for statement in (*checks, change):
            statement(connection)

    return write


def _is_hopeless(error: Exception, attempts: int) -> bool:
    return isinstance(error, TerminalError) or attempts >= ATTEMPTS


def _pause(attempts: int) -> timedelta:
    """Jittered, so that many which failed together do not come back together."""
    seconds = min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - spreads load
