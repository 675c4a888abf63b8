"""What led to an event: the events before it that the same update or request set going."""

import json
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Connection, bindparam, select

from yabot.clock import to_microseconds
from yabot.events.envelope import Envelope
from yabot.storage.relational.database import Statement
from yabot.storage.relational.tables import outbox

# The log has no index by correlation: further back than this only the chain of causes is followed.
LOOK_BACK = timedelta(hours=1)
LONGEST_CHAIN = 50

_one = select(outbox.c.envelope).where(outbox.c.event_id == bindparam("id"))


def correlated_before(event: Envelope) -> Statement[list[Envelope]]:
    """In the order in which they happened, as far as the log still has them."""

    def read(connection: Connection) -> list[Envelope]:
        found = {each.event_id: each for each in _causes(connection, event)}
        found |= {each.event_id: each for each in _recent(connection, event)}
        return sorted(found.values(), key=lambda each: (each.timestamp, each.event_id))

    return read


def _causes(connection: Connection, event: Envelope) -> Iterator[Envelope]:
    """The event that caused it, the one that caused that, and so on."""
    for _ in range(LONGEST_CHAIN):
        row = connection.execute(_one, {"id": event.causation_id}).first()
        if row is None:
            return
        event = Envelope.model_validate_json(row.envelope)
        yield event


def _recent(connection: Connection, event: Envelope) -> Iterator[Envelope]:
    """An event's id begins with its time, so that the index on ids finds a time."""
    quoted = json.dumps(event.correlation_id, ensure_ascii=False)
    query = select(outbox.c.envelope).where(
        outbox.c.event_id >= _first_id(event),
        outbox.c.event_id < event.event_id,
        outbox.c.envelope.contains(f'"correlation_id":{quoted}', autoescape=True),
    )
    for envelope in connection.execute(query).scalars():
        found = Envelope.model_validate_json(envelope)
        if found.correlation_id == event.correlation_id:
            yield found


def _first_id(event: Envelope) -> str:
    """The lowest UUIDv7 of its time: milliseconds since 1970 are its first twelve digits."""
    milliseconds = to_microseconds(event.timestamp - LOOK_BACK) // 1000
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"
