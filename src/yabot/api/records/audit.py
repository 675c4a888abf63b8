"""The audit log, for operators: they can read it, and never change it."""

import json
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from yabot.api.answering.shown import Shown
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.parameters import NAME, Limit, Moment
from yabot.api.operations.requests import Asking
from yabot.api.operations.routes import Routes
from yabot.clock import rfc3339
from yabot.events.envelope import Timestamp
from yabot.log import audit
from yabot.log.audit import Audited, Selection
from yabot.redaction import Redactor
from yabot.storage.relational.database import Database

# Above every id.
END = 2**63 - 1
Kind = Annotated[str | None, Query(pattern=NAME, examples=["refund"])]
OfUser = Annotated[str | None, Query(pattern="^-?[1-9][0-9]{0,15}$", description="by id")]
Since = Annotated[Moment | None, Query(description="not before that")]
Until = Annotated[Moment | None, Query(description="before that")]


class AuditEntry(Shown):
    id: int
    kind: str
    user_id: str | None = Field(description="whom it is about: a user, or a chat, by id")
    details: dict[str, Any] = Field(description="what, by whom and why, as its kind says it")
    created_at: Timestamp


def routes(database: Database, cursors: Cursors, redactor: Redactor) -> Routes:
    """The ``redactor`` checks operators' notes and other services' ids."""
    routes = Routes("operators")

    @routes.get("/admin/audit", needs="admin", gives=Page[AuditEntry], refuses=[CURSOR_INVALID])
    async def list_audit(
        asking: Asking,
        kind: Kind = None,
        user_id: OfUser = None,
        since: Since = None,
        until: Until = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Response:
        """What operators and services did, what was undone, refused or came late: newest first."""
        moments = [moment and rfc3339(moment) for moment in (since, until)]
        listing = await cursors.of("list_audit", selected=json.dumps([kind, user_id, *moments]))
        selection = Selection(kind, user_id, since, until)
        below = listing.position(after, begin=END)
        found = await database.read(audit.newest(selection, limit + 1, below))
        entries = [_entry(each, redactor) for each in found]
        return asking.answer(listing.page(entries, limit, lambda entry: entry.id))

    return routes


def _entry(row: Audited, redactor: Redactor) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        kind=row.kind,
        user_id=row.user_id,
        details=redactor.mapping(json.loads(row.details)),
        created_at=row.created_at,
    )
