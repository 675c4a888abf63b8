"""Rows of ``audit_log``: what operators may have to account for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select

from yabot.clock import utc_now
from yabot.log.tables import audit_log
from yabot.storage.relational.database import Statement, executing

_add = insert(audit_log)


@dataclass(frozen=True, slots=True)
class Audited:
    """A row, as it is stored: ``details`` are JSON."""

    id: int
    kind: str
    user_id: str | None
    details: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows that match every given field; ``since`` is inclusive, ``until`` exclusive."""

    kind: str | None = None
    user_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def audited(kind: str, details: Mapping[str, Any], user_id: str | None = None) -> Statement[None]:
    """``details`` become JSON."""
    row = {
        "kind": kind,
        "user_id": user_id,
        "details": json.dumps(details, ensure_ascii=False),
        "created_at": utc_now(),
    }
    return executing(_add, row)


def newest(selection: Selection, most: int, below: int) -> Statement[list[Audited]]:
    """At most ``most`` matching rows with an id less than ``below``, highest id first."""
    query = _where(selection, below).limit(most)
    return lambda connection: [Audited(*row) for row in connection.execute(query)]


def _where(selection: Selection, below: int) -> Select[Any]:
    columns = (audit_log.c[name] for name in Audited.__slots__)
    query = select(*columns).where(audit_log.c.id < below).order_by(audit_log.c.id.desc())
    if selection.kind is not None:
        query = query.where(audit_log.c.kind == selection.kind)
    if selection.user_id is not None:
        query = query.where(audit_log.c.user_id == selection.user_id)
    if selection.since is not None:
        query = query.where(audit_log.c.created_at >= selection.since)
    if selection.until is not None:
        query = query.where(audit_log.c.created_at < selection.until)
    return query
