"""Forgets what nobody needs any more, a little at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select, tuple_

from yabot.errors import StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database, Statement

log = get_logger(__name__)

SWEEP_SECONDS = 3600.0
# Rows that one statement looks at, or takes: nobody waits for a sweep.
AT_ONCE = 500

# The values of a row's primary key.
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ages:
    """Points in time: a row from before ``old`` is old. ``now`` is when the sweep began."""

    now: datetime
    old: datetime
    very_old: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """``rows`` of ``table`` may go; ``first`` runs on them before, in the same transaction."""

    table: Table
    rows: ColumnElement[bool]
    first: Callable[[Connection, ColumnElement[bool]], None] | None = None


Rules = Callable[[Ages], list[Rule]]


@dataclass(frozen=True, slots=True)
class Step:
    """What was found among the next ``AT_ONCE`` rows, in the order of their keys."""

    # The rows that may go.
    expired: list[Key]
    # The last row looked at; None if no rows follow.
    last: Key | None


class Retention:
    """Removes what is finished and older than ``days``; what still waits stays, however old.

    ``Ages.very_old`` is twice as many days ago.
    """

    def __init__(
        self, database: Database, days: int, rules: Rules, now: Callable[[], datetime]
    ) -> None:
        """``now`` raises TransientError when no clock can be trusted: deleting is final."""
        self._database = database
        self._rules = rules
        self._now = now
        self._keep = timedelta(days=days)
        self.loop = WakingLoop("retention", self.sweep, SWEEP_SECONDS)

    async def sweep(self) -> None:
        """Apply each rule once. A rule that SQL fails on holds up none of the others.

        Raises what ``now`` raises, and StoreUnavailable; what was removed until then stays removed.
        """
        now = self._now()
        failure: StoreUnavailable | None = None
        for rule in self._rules(Ages(now, now - self._keep, now - 2 * self._keep)):
            try:
                await self._apply(rule)
            except StoreUnavailable as error:
                failure = error
        if failure is not None:
            raise failure

    async def _apply(self, rule: Rule) -> None:
        """From the first key to the last, so that no statement takes longer in a larger table."""
        removed = 0
        after: Key | None = None
        while True:
            # Most of a sweep only reads, which holds up no writer.
            step = await self._database.read(_look(rule, after))
            if step.expired:
                removed += await self._database.write(_remove(rule, step.expired))
            after = step.last
            if after is None:
                break
        if removed:
            log.info("rows.expired", table=rule.table.name, rows=removed)


def _look(rule: Rule, after: Key | None) -> Statement[Step]:
    """``rule.rows`` is selected, not a condition: with that PostgreSQL may not scan by the key."""
    columns = rule.table.primary_key.columns
    rows = select(*columns, rule.rows).order_by(*columns).limit(AT_ONCE)
    if after is not None:
        rows = rows.where(tuple_(*columns) > after)

    def look(connection: Connection) -> Step:
        found = [(tuple(key), may_go) for *key, may_go in connection.execute(rows)]
        last = found[-1][0] if len(found) == AT_ONCE else None
        return Step([key for key, may_go in found if may_go], last)

    return look


def _remove(rule: Rule, keys: Sequence[Key]) -> Statement[int]:
    """Delete those of ``keys`` that are still not needed."""
    rows = tuple_(*rule.table.primary_key.columns).in_(keys) & rule.rows
    statement = delete(rule.table).where(rows)

    def remove(connection: Connection) -> int:
        if rule.first is not None:
            rule.first(connection, rows)
        return connection.execute(statement).rowcount

    return remove
