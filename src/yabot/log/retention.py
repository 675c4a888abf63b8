"""Forgets what nobody needs any more, a little at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from yabot.clock import utc_now
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement

log = get_logger(__name__)

SWEEP_SECONDS = 3600.0
# Short transactions: nobody waits for a sweep.
AT_ONCE = 500

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ages:
    """Moments: what is from before them is as old as their names say."""

    old: datetime
    very_old: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """``rows`` of ``table`` may go; ``first`` runs on those, in the transaction that takes them."""

    table: Table
    rows: ColumnElement[bool]
    first: Callable[[Connection, ColumnElement[bool]], None] | None = None


Rules = Callable[[Ages], list[Rule]]


class Retention:
    """Removes what is finished and older than ``days``; what still waits stays, however old.

    What is very old is twice as old.
    """

    def __init__(self, database: Database, days: int, rules: Rules) -> None:
        self._database = database
        self._rules = rules
        self._keep = timedelta(days=days)
        self.loop = WakingLoop("retention", self.sweep, SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Raises StoreUnavailable; what was removed until then stays removed."""
        now = utc_now()
        for rule in self._rules(Ages(now - self._keep, now - 2 * self._keep)):
            removed = 0
            # Most of a sweep is looking: that holds up nobody who writes.
            while keys := await self._database.read(_some(rule)):
                removed += await self._database.write(_remove(rule, keys))
            if removed:
                log.info("rows.expired", table=rule.table.name, rows=removed)


def _some(rule: Rule) -> Statement[list[Key]]:
    statement = select(*rule.table.primary_key.columns).where(rule.rows).limit(AT_ONCE)

    def look(connection: Connection) -> list[Key]:
        return [tuple(row) for row in connection.execute(statement)]

    return look


def _remove(rule: Rule, keys: Sequence[Key]) -> Statement[int]:
    """Those of them that nobody has come to need since."""
    rows = tuple_(*rule.table.primary_key.columns).in_(keys) & rule.rows
    statement = delete(rule.table).where(rows)

    def remove(connection: Connection) -> int:
        if rule.first is not None:
            rule.first(connection, rows)
        return connection.execute(statement).rowcount

    return remove
