"""Where workflows stand, for those who look after the program."""

from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select, update

from yabot.clock import utc_now
from yabot.coordinator import rows
from yabot.coordinator.machine import COMPENSATING, STUCK
from yabot.coordinator.rows import COLUMNS, StoredWorkflow
from yabot.coordinator.tables import workflows
from yabot.observability.metrics import WORKFLOWS, WORKFLOWS_FAILING
from yabot.storage.relational.database import Database

# By kind and state.
Counts = dict[tuple[str, str], int]

_by_state = (workflows.c.kind, workflows.c.state)
_counts = select(*_by_state, func.count()).group_by(*_by_state)
# Only those that have a deadline are tried again: there is an index on them.
_failing = (
    select(workflows.c.kind, func.count().label("failing"))
    .where(workflows.c.deadline.is_not(None), workflows.c.attempts > 0)
    .group_by(workflows.c.kind)
)


@dataclass(slots=True)
class WorkflowInspector:
    """Reads only: what the metrics tell of workflows."""

    database: Database
    # Those that were measured before: one that has become none is 0, not what it was.
    _measured: Counts = field(default_factory=dict)

    async def counts(self) -> Counts:
        """How many workflows of each kind are in each state. Raises StoreUnavailable."""
        return await self.database.read(_read_counts)

    async def find(self, workflow_id: str) -> StoredWorkflow | None:
        return await self.database.read(rows.find(workflow_id))

    async def newest(self, kind: str, state: str, most: int = 50) -> list[StoredWorkflow]:
        """Those whose last step is youngest come first."""
        query = (
            select(*COLUMNS)
            .where(workflows.c.kind == kind, workflows.c.state == state)
            .order_by(workflows.c.updated_at.desc())
            .limit(most)
        )
        return await self.database.read(
            lambda connection: [StoredWorkflow(*row) for row in connection.execute(query)]
        )

    async def resume(self, workflow_id: str) -> bool:
        """Try the compensations of a stuck workflow again; False when it is not stuck."""
        again = (
            update(workflows)
            .where(workflows.c.id == workflow_id, workflows.c.state == STUCK)
            .values(state=COMPENSATING, deadline=utc_now(), attempts=0)
        )
        return await self.database.write(lambda connection: connection.execute(again).rowcount == 1)

    async def measure(self) -> None:
        """Bring the gauges up to date. Raises StoreUnavailable."""
        counts = await self.counts()
        failing = await self.database.read(_read_failing)
        for kind, state in self._measured.keys() | counts.keys():
            WORKFLOWS.labels(kind, state).set(counts.get((kind, state), 0))
            WORKFLOWS_FAILING.labels(kind).set(failing.get(kind, 0))
        self._measured = counts


def _read_counts(connection: Connection) -> Counts:
    return {(kind, state): count for kind, state, count in connection.execute(_counts)}


def _read_failing(connection: Connection) -> dict[str, int]:
    return {row.kind: row.failing for row in connection.execute(_failing)}
