"""Forgets what the log no longer needs, a little at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement, insert_new
from yabot.storage.relational.expiry import Rule, expired
from yabot.storage.relational.tables import outgoing, shown_pages

log = get_logger(__name__)

SWEEP_SECONDS = 3600.0
# Short transactions: nobody waits for a sweep.
AT_ONCE = 500

Key = tuple[Any, ...]


class Retention:
    """Removes what is finished and older than ``days``; what still waits stays, however old.

    Receipts stay twice as long.
    """

    def __init__(
        self,
        database: Database,
        days: int,
        groups: Sequence[str] = (),
        lasting: Sequence[str] = (),
    ) -> None:
        """``groups`` of subscribers that are still to read the log; ``lasting`` kinds of rows in
        the audit log."""
        self._database = database
        self._groups, self._lasting = groups, lasting
        self._keep = timedelta(days=days)
        self.loop = WakingLoop("retention", self.sweep, SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Raises StoreUnavailable; what was removed until then stays removed."""
        for table, rows in self._expired(utc_now()):
            removed = 0
            # Most of a sweep is looking: that holds up nobody who writes.
            while keys := await self._database.read(_some(table, rows)):
                removed += await self._database.write(_remove(table, rows, keys))
            if removed:
                log.info("rows.expired", table=table.name, rows=removed)

    def _expired(self, now: datetime) -> list[Rule]:
        return expired(now - self._keep, now - 2 * self._keep, self._groups, self._lasting)


def _some(table: Table, rows: ColumnElement[bool]) -> Statement[list[Key]]:
    statement = select(*table.primary_key.columns).where(rows).limit(AT_ONCE)

    def look(connection: Connection) -> list[Key]:
        return [tuple(row) for row in connection.execute(statement)]

    return look


def _remove(table: Table, rows: ColumnElement[bool], keys: Sequence[Key]) -> Statement[int]:
    """Those of them that nobody has come to need since."""
    key = tuple_(*table.primary_key.columns)
    statement = delete(table).where(key.in_(keys), rows)

    def remove(connection: Connection) -> int:
        if table is outgoing:
            _remember_pages(connection, key.in_(keys) & rows)
        return connection.execute(statement).rowcount

    return remove


def _remember_pages(connection: Connection, rows: ColumnElement[bool]) -> None:
    """Of messages that are about to go."""
    columns = (outgoing.c.chat_id, outgoing.c.message_id, outgoing.c.content_id)
    shows = (outgoing.c.state == "sent") & outgoing.c.content_id.is_not(None)
    has_id = outgoing.c.message_id.is_not(None)
    names = [column.name for column in columns]
    connection.execute(
        insert_new(connection, shown_pages).from_select(
            names, select(*columns).where(rows, shows, has_id)
        )
    )
