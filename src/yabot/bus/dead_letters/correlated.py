"""What led to an event: the events before it that the same update or request set going."""

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import timedelta
from itertools import islice

from sqlalchemy import ColumnElement, Connection, bindparam, select

from yabot.clock import to_microseconds
from yabot.events.envelope import Envelope
from yabot.log.tables import outbox
from yabot.storage.relational.database import Statement

# The log has no index by correlation: from further back only the chain of causes is found.
LOOK_BACK = timedelta(hours=1)
LONGEST_CHAIN = 50
# At most so many of the last hour, the newest: a service may use one correlation id for all.
MOST_RECENT = 200
# The index of the digit that is a UUID's version.
VERSION_AT = 14

_one = select(outbox.c.envelope).where(outbox.c.event_id == bindparam("id"))


def correlated_before(event: Envelope) -> Statement[list[Envelope]]:
    """In the order in which they happened, as far as the log still has them."""

    def read(connection: Connection) -> list[Envelope]:
        found = {each.event_id: each for each in _causes(connection, event)}
        with closing(_recent(connection, event)) as recent:
            found |= {each.event_id: each for each in islice(recent, MOST_RECENT)}
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


def _recent(connection: Connection, event: Envelope) -> Generator[Envelope]:
    """The newest first."""
    quoted = json.dumps(event.correlation_id, ensure_ascii=False)
    newest_first = outbox.c.event_id if _is_ours(event) else outbox.c.created_at
    query = (
        select(outbox.c.envelope)
        .where(
            _shortly_before(event),
            outbox.c.envelope.contains(f'"correlation_id":{quoted}', autoescape=True),
        )
        .order_by(newest_first.desc())
        .execution_options(yield_per=MOST_RECENT)
    )
    # A generator, so that no more is read than the caller asks for.
    with connection.execute(query) as rows:
        for envelope in rows.scalars():
            found = Envelope.model_validate_json(envelope)
            if found.correlation_id == event.correlation_id and _is_before(found, event):
                yield found


def _is_before(found: Envelope, event: Envelope) -> bool:
    if _is_ours(found) and _is_ours(event):
        # Events of one commit are ordered by their ids; their times are ordered only for each user.
        return found.event_id < event.event_id
    return found.event_id != event.event_id and found.timestamp <= event.timestamp


def _shortly_before(event: Envelope) -> ColumnElement[bool]:
    """Our ids are UUIDv7, which begin with their time, so the index on ids finds a time. Other
    services' ids may be of any kind: then the whole log is searched.
    """
    if _is_ours(event):
        return outbox.c.event_id.between(_first_id(event), event.event_id)
    return outbox.c.created_at >= event.timestamp - LOOK_BACK


def _is_ours(event: Envelope) -> bool:
    return event.event_id[VERSION_AT:].startswith("7")


def _first_id(event: Envelope) -> str:
    """The lowest UUIDv7 of its time: milliseconds since 1970 are its first twelve digits."""
    milliseconds = to_microseconds(event.timestamp - LOOK_BACK) // 1000
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"
