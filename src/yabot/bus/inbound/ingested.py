"""Statements on ``ingested``: the events taken in so far, to place the next one among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, func, insert, or_, select

from yabot.bus.inbound.window import NOTICED
from yabot.bus.tables import ingested
from yabot.clock import to_microseconds, utc_now
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope
from yabot.events.failures import EventProcessingFailed, OrderingViolated
from yabot.log.tables import outbox, user_counters
from yabot.storage.relational.database import Statement, executing


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the log knows around an event to be taken in; times are microseconds since 1970."""

    # Whether it is in the log already.
    is_known: bool
    # When the latest event of another service in its lane happened; 0 if there is none.
    latest_us: int
    # When our latest own event about its user happened; 0 if there is none. Events that only report
    # on other events (_OF_EVENTS) may count, unless that would place it after the event itself.
    latest_own_us: int
    # The earliest time at which it can have happened, given its causes; 0 if there are none.
    causes_us: int
    # The id of an event taken in before that should have come after it.
    consequence: str | None
    # Whether every worker already keeps our own events waiting for other services' ones.
    is_waited_for: bool

    def happened_us(self, envelope: Envelope) -> int:
        """When it happened by its sender's clock, but not before its causes."""
        return max(to_microseconds(envelope.timestamp), self.causes_us)


# Events about what became of other events: the user has done nothing at that moment.
_OF_EVENTS = (OrderingViolated.event_type, EventProcessingFailed.event_type)
_is_ours = ~exists().where(ingested.c.event_id == outbox.c.event_id)
_of_type = (ingested.c.correlation_id == bindparam("correlation")) & (
    ingested.c.event_type == bindparam("kind")
)
_around = select(
    or_(
        exists().where(ingested.c.event_id == bindparam("event")),
        exists().where(outbox.c.event_id == bindparam("event")),
    ),
    select(func.max(ingested.c.happened_us))
    .where(ingested.c.lane == bindparam("lane"))
    .scalar_subquery(),
    select(user_counters.c.last_event_us)
    .where(user_counters.c.user_id == bindparam("user"))
    .scalar_subquery(),
    select(ingested.c.happened_us)
    .where(ingested.c.event_id == bindparam("cause"))
    .scalar_subquery(),
    select(ingested.c.event_id)
    .where(ingested.c.causation_id == bindparam("event"))
    .limit(1)
    .scalar_subquery(),
    select(outbox.c.created_at)
    .where(outbox.c.event_id == bindparam("cause"), _is_ours)
    .scalar_subquery(),
    exists().where(ingested.c.ingested_at < bindparam("noticed")),
)
# One statement for each type, so that each is one lookup at an end of the index.
_latest_of_type = select(func.max(ingested.c.happened_us)).where(_of_type)
_first_of_type = (
    select(ingested.c.event_id).where(_of_type).order_by(ingested.c.happened_us).limit(1)
)
# Scans all later events of other services about the user.
_latest_own = (
    select(outbox.c.created_at)
    .where(outbox.c.user_id == bindparam("user"), _is_ours, outbox.c.event_type.not_in(_OF_EVENTS))
    .order_by(outbox.c.partition.desc(), outbox.c.pos.desc())
    .limit(1)
)
_any = select(exists().where(ingested.c.event_id.is_not(None)))
_add = insert(ingested)


def surroundings(envelope: Envelope, catalog: Catalog) -> Statement[Surroundings]:
    where = {
        "event": envelope.event_id,
        "lane": envelope.lane,
        "user": envelope.user_id,
        "cause": envelope.causation_id,
        "noticed": utc_now() - timedelta(seconds=NOTICED),
    }
    correlation = envelope.correlation_id
    earlier = sorted(catalog.before(envelope.event_type))
    later = sorted(catalog.after(envelope.event_type))

    def read(connection: Connection) -> Surroundings:
        known, latest, latest_own, cause, consequence, caused_at, waited_for = connection.execute(
            _around, where
        ).one()
        before = _of_types(connection, _latest_of_type, correlation, earlier)
        behind = _of_types(connection, _first_of_type, correlation, later)
        around = Surroundings(
            bool(known),
            latest or 0,
            latest_own or 0,
            max(cause or 0, _microseconds(caused_at), *before),
            next(iter([*filter(None, [consequence]), *behind]), None),
            bool(waited_for),
        )
        if around.latest_own_us <= around.happened_us(envelope):
            return around
        exactly = connection.execute(_latest_own, where).scalar()
        return replace(around, latest_own_us=_microseconds(exactly))

    return read


def _of_types(
    connection: Connection, one: Select[Any], correlation: str, kinds: Sequence[str]
) -> list[Any]:
    """What ``one`` finds for each type in the correlation, without the types that have nothing."""
    asked = ({"correlation": correlation, "kind": kind} for kind in kinds)
    answers = (connection.scalar(one, values) for values in asked)
    return [answer for answer in answers if answer is not None]


def _microseconds(moment: datetime | None) -> int:
    return 0 if moment is None else to_microseconds(moment)


def any_ingested(connection: Connection) -> bool:
    """Whether other services send events here."""
    return bool(connection.execute(_any).scalar_one())


def remember(envelope: Envelope, happened_us: int) -> Statement[None]:
    row = {
        "event_id": envelope.event_id,
        "lane": envelope.lane,
        "event_type": envelope.event_type,
        "correlation_id": envelope.correlation_id,
        "causation_id": envelope.causation_id,
        "happened_us": happened_us,
        "ingested_at": utc_now(),
    }
    return executing(_add, row)
