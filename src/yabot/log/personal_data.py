"""What the log itself keeps of a user, when they ask for their data."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from yabot.clock import rfc3339
from yabot.log.tables import audit_log, outbox, user_counters
from yabot.storage.relational.database import Database, Statement

_events = (
    select(outbox.c.envelope)
    .where(outbox.c.user_id == bindparam("user"))
    .order_by(outbox.c.partition, outbox.c.pos)
)
_audit = (
    select(audit_log.c.kind, audit_log.c.details, audit_log.c.created_at)
    .where(audit_log.c.user_id == bindparam("user"))
    .order_by(audit_log.c.id)
)
_counter = select(user_counters.c.sequence, user_counters.c.state_version).where(
    user_counters.c.user_id == bindparam("user")
)


async def export(database: Database, user_id: str) -> dict[str, Any]:
    """Ready for JSON. Raises StoreUnavailable."""
    return {"log": await database.read(_of(user_id))}


def _of(user_id: str) -> Statement[dict[str, Any]]:
    user = {"user": user_id}

    def read(connection: Connection) -> dict[str, Any]:
        counter = connection.execute(_counter, user).first()
        return {
            "counters": None if counter is None else dict(counter._mapping),
            "events": [json.loads(text) for text in connection.execute(_events, user).scalars()],
            "audit": [
                {"kind": kind, "details": json.loads(details), "created_at": rfc3339(created_at)}
                for kind, details, created_at in connection.execute(_audit, user)
            ],
        }

    return read
