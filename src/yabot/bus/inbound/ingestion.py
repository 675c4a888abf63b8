"""Brings another service's event into the log: once, and with a note if it has come too late."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from yabot.bus.inbound.ingested import Surroundings, remember, surroundings
from yabot.bus.inbound.window import IN_TIME
from yabot.clock import from_microseconds, rfc3339, to_microseconds, utc_now
from yabot.events.envelope import Envelope
from yabot.events.failures import OrderingViolated
from yabot.log.audit import audited
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.observability.logging import get_logger
from yabot.observability.metrics import INBOUND
from yabot.storage.relational.database import Statement

log = get_logger(__name__)

CONSUMER = "inbound"

Lateness = Literal["after_its_consequence", "after_later_events"]


@dataclass(slots=True)
class Ingestion:
    commits: CommitLog
    # Called for each event that came too late.
    on_late: Callable[[], None] = lambda: None

    async def take_in(self, envelope: Envelope, checks: Sequence[Statement[None]]) -> None:
        """Take an event in once. ``checks`` go into the transaction, and raise LeaseLost.

        Raises StoreUnavailable, GuardFailed: then the same call may be repeated.
        """

        async def decide(work: UnitOfWork) -> Lateness | None:
            around = await self.commits.database.read(surroundings(envelope, self.commits.catalog))
            return None if around.is_known else _take(work, envelope, around)

        cause = Cause(CONSUMER, envelope.event_id, envelope.correlation_id)
        lateness, committed = await self.commits.decide(cause, decide, checks=checks)
        if committed.duplicate or not committed.events:
            INBOUND.labels("repeated").inc()
        elif lateness is None:
            INBOUND.labels("taken").inc()
        else:
            INBOUND.labels("late").inc()
            log.warning(
                "inbound.late",
                event_id=envelope.event_id,
                event_type=envelope.event_type,
                reason=lateness,
            )
            self.on_late()


def _take(work: UnitOfWork, envelope: Envelope, around: Surroundings) -> Lateness | None:
    """Add the event to ``work``; returns why it comes too late, or None."""
    work.ingest(envelope)
    work.add(remember(envelope, around.happened_us(envelope)))
    lateness = _lateness(envelope, around)
    if lateness is not None:
        _tell(work, envelope, around, lateness)
    return lateness


def _lateness(envelope: Envelope, around: Surroundings) -> Lateness | None:
    if around.consequence is not None:
        return "after_its_consequence"
    happened_us = around.happened_us(envelope)
    if happened_us < around.latest_us:
        return "after_later_events"
    # After our own events, it may be up to ``grace`` seconds old: subscribers still reorder those.
    grace = IN_TIME if around.is_waited_for else 0.0
    in_time = to_microseconds(utc_now() - timedelta(seconds=grace))
    if happened_us < min(around.latest_own_us, in_time):
        return "after_later_events"
    return None


def _tell(work: UnitOfWork, envelope: Envelope, around: Surroundings, lateness: Lateness) -> None:
    violation = OrderingViolated(
        original_event_id=envelope.event_id,
        original_event_type=envelope.event_type,
        reason=lateness,
    )
    work.publish(violation, envelope.user_id)
    details = {
        **violation.model_dump(),
        "correlation_id": envelope.correlation_id,
        "timestamp": rfc3339(envelope.timestamp),
        "latest": rfc3339(from_microseconds(max(around.latest_us, around.latest_own_us))),
        "consequence": around.consequence,
    }
    work.add(audited(OrderingViolated.event_type, details, envelope.user_id))
