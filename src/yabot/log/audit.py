"""Rows of ``audit_log``: what those who look after the bot may have to account for."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from yabot.clock import utc_now
from yabot.log.tables import audit_log
from yabot.storage.relational.database import Statement

_add = insert(audit_log)


def audited(kind: str, details: Mapping[str, Any], user_id: str | None = None) -> Statement[None]:
    """``details`` become JSON."""
    row = {
        "kind": kind,
        "user_id": user_id,
        "details": json.dumps(details, ensure_ascii=False),
        "created_at": utc_now(),
    }

    def add(connection: Connection) -> None:
        connection.execute(_add, row)

    return add
