"""Events that other services have posted: kept in SQL from the commit that accepts them until they
are taken in. Redis and the workers may be away meanwhile.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from typing_extensions import override

from yabot.bus.inbound.sources import READ_AT_ONCE, Entry, Place, Source
from yabot.bus.tables import posted_events
from yabot.clock import rfc3339, utc_now
from yabot.events.envelope import Envelope
from yabot.storage.relational.database import (
    Database,
    Statement,
    executing,
    inserting_new,
)

_waiting = (
    select(posted_events.c.id, posted_events.c.envelope)
    .where(posted_events.c.id.not_in(bindparam("held", expanding=True)))
    .order_by(posted_events.c.id)
    .limit(READ_AT_ONCE)
)
_these = delete(posted_events).where(posted_events.c.id.in_(bindparam("ids", expanding=True)))
_of_user = select(
    posted_events.c.service, posted_events.c.envelope, posted_events.c.received_at
).where(posted_events.c.user_id == bindparam("user"))
_erase = delete(posted_events).where(posted_events.c.user_id == bindparam("user"))


class PostedEvents(Source):
    place: Place = "posted"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        # Each read excludes all of these ids: a row may be committed after rows with higher ids.
        self._held: set[int] = set()

    @override
    def begin_anew(self) -> None:
        self._held.clear()

    @override
    async def read(self, seconds: float) -> list[Entry]:
        """Does not wait."""
        return await self._database.read(_read(sorted(self._held)))

    @override
    def given(self, entry: Entry) -> None:
        self._held.add(int(entry.id))

    @override
    async def remove(self, entry_ids: Sequence[str]) -> None:
        ids = [int(entry_id) for entry_id in entry_ids]
        await self._database.write(_remove(ids))
        self._held.difference_update(ids)


def keep(envelope: Envelope, service: str) -> Statement[None]:
    """Keep an event that ``service`` has posted, unless one with its id waits already."""
    row = {
        "event_id": envelope.event_id,
        "service": service,
        "user_id": envelope.user_id,
        "envelope": envelope.to_json(),
        "received_at": utc_now(),
    }
    return inserting_new(posted_events, row)


def erase(user_id: str) -> Statement[None]:
    return executing(_erase, {"user": user_id})


def waiting_of(user_id: str) -> Statement[list[dict[str, Any]]]:
    """The posted events about a user that are not taken in yet, ready for JSON."""

    def read(connection: Connection) -> list[dict[str, Any]]:
        rows = connection.execute(_of_user, {"user": user_id})
        return [
            {
                "service": row.service,
                "event": json.loads(row.envelope),
                "received_at": rfc3339(row.received_at),
            }
            for row in rows
        ]

    return read


def _read(held: Sequence[int]) -> Statement[list[Entry]]:
    def read(connection: Connection) -> list[Entry]:
        rows = connection.execute(_waiting, {"held": held})
        return [Entry(str(row.id), row.envelope.encode(), "posted") for row in rows]

    return read


def _remove(ids: Sequence[int]) -> Statement[None]:
    return executing(_these, {"ids": ids})
