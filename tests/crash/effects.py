"""What takes effect in these tests leaves a row for each time that it did."""

import json
from typing import Any

from sqlalchemy import Connection, insert

from yabot.clock import utc_now
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import UnitOfWork
from yabot.subscriber import Event

# Under which its effects are noted in the audit.
EFFECT = "effect"


def note_effect(work: UnitOfWork, consumer: str, user_id: str | None, **details: object) -> None:
    """One row for each time that something took effect."""
    row = {
        "kind": EFFECT,
        "user_id": user_id,
        "details": json.dumps({"consumer": consumer, **details}),
        "created_at": utc_now(),
    }

    def note(connection: Connection) -> None:
        connection.execute(insert(audit_log), row)

    work.add(note)


def note_event(work: UnitOfWork, consumer: str, event: Event[Any]) -> None:
    envelope = event.envelope
    note_effect(
        work, consumer, envelope.user_id, event=envelope.event_id, sequence=envelope.sequence
    )
