"""Where workflows stand, for operators."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from yabot.clock import utc_now
from yabot.coordinator import rows
from yabot.coordinator.machine import COMPENSATING, STUCK
from yabot.coordinator.rows import COLUMNS, StoredWorkflow
from yabot.coordinator.tables import workflows
from yabot.errors import InvalidInput
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.metrics import WORKFLOWS, WORKFLOWS_FAILING
from yabot.storage.relational.database import Database

# By kind and state.
Counts = dict[tuple[str, str], int]
# Where a page of workflows begins: after the one with this ``created_at`` and id.
Place = tuple[datetime, str]

_by_state = (workflows.c.kind, workflows.c.state)
_counts = select(*_by_state, func.count()).group_by(*_by_state)
# Only workflows with a deadline are tried again; they have an index.
_failing = (
    select(workflows.c.kind, func.count().label("failing"))
    .where(workflows.c.deadline.is_not(None), workflows.c.attempts > 0)
    .group_by(workflows.c.kind)
)


class WorkflowUnknown(InvalidInput):
    """There is no workflow with such an id."""

    code = "workflow_unknown"


class WorkflowNotStuck(InvalidInput):
    """The workflow goes on by itself, or has ended: there is nothing to resume."""

    code = "workflow_not_stuck"


@dataclass(frozen=True, slots=True)
class Selection:
    """Workflows that match every given field."""

    kind: str | None = None
    state: str | None = None
    user_id: str | None = None


@dataclass(slots=True)
class WorkflowInspector:
    """Shows workflows and counts them, and lets one that is stuck go on.

    Every method that reads raises StoreUnavailable.
    """

    database: Database
    # The counts of the last measurement: a gauge without workflows any more has to become 0.
    _measured: Counts = field(default_factory=dict)

    async def counts(self) -> Counts:
        """How many workflows of each kind are in each state."""
        return await self.database.read(_read_counts)

    async def get(self, workflow_id: str) -> StoredWorkflow:
        """Raises WorkflowUnknown."""
        stored = await self.database.read(rows.find(workflow_id))
        if stored is None:
            raise WorkflowUnknown(
                f"there is no workflow {workflow_id}; `yabot workflows list` shows those there are"
            )
        return stored

    async def newest(
        self, selection: Selection, most: int, after: Place | None = None
    ) -> list[StoredWorkflow]:
        """At most ``most`` workflows, the latest first; ``after`` is where the last page ended."""
        query = _newest(selection, after).limit(most)
        return await self.database.read(
            lambda connection: [StoredWorkflow(*row) for row in connection.execute(query)]
        )

    async def resume(self, work: UnitOfWork, workflow_id: str, by: str) -> StoredWorkflow:
        """Let the compensations of a stuck workflow be tried again; returns it as it is then.

        ``by`` is the operator, for the audit. Raises WorkflowUnknown, WorkflowNotStuck.
        """
        stored = await self.get(workflow_id)
        if stored.state != STUCK:
            raise WorkflowNotStuck(
                f"workflow {workflow_id} is {stored.state}, not stuck: there is nothing to resume"
            )
        values: dict[str, Any] = {
            "state": COMPENSATING,
            "deadline": utc_now(),
            "attempts": 0,
            "version": stored.version + 1,
        }
        work.add(rows.change(stored, values))
        details = {"workflow": workflow_id, "by": by}
        work.add(audited("workflow_resumed", details, stored.user_id))
        return replace(stored, **values)

    async def measure(self) -> None:
        """Bring the gauges up to date. Raises StoreUnavailable."""
        counts = await self.counts()
        failing = await self.database.read(_read_failing)
        for kind, state in self._measured.keys() | counts.keys():
            WORKFLOWS.labels(kind, state).set(counts.get((kind, state), 0))
            WORKFLOWS_FAILING.labels(kind).set(failing.get(kind, 0))
        self._measured = counts


def _newest(selection: Selection, after: Place | None) -> Select[Any]:
    order = (workflows.c.created_at, workflows.c.id)
    query = select(*COLUMNS).order_by(*(column.desc() for column in order))
    if selection.kind is not None:
        query = query.where(workflows.c.kind == selection.kind)
    if selection.state is not None:
        query = query.where(workflows.c.state == selection.state)
    if selection.user_id is not None:
        query = query.where(workflows.c.user_id == selection.user_id)
    return query if after is None else query.where(tuple_(*order) < after)


def _read_counts(connection: Connection) -> Counts:
    return {(kind, state): count for kind, state, count in connection.execute(_counts)}


def _read_failing(connection: Connection) -> dict[str, int]:
    return {row.kind: row.failing for row in connection.execute(_failing)}
