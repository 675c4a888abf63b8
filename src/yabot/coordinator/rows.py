"""Workflows in SQL: reads, and changes that are guarded by the version that was read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from yabot.coordinator.tables import workflows
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement, insert_new


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """A row of ``workflows``, as it was read: its ``version`` guards what is decided on it."""

    id: str
    kind: str
    user_id: str | None
    partition: int
    state: str
    # JSON, as version ``definition`` of the kind's model wrote it.
    data: str
    definition: int
    version: int
    deadline: datetime | None
    attempts: int
    # JSON: the names of the steps to be undone if it fails.
    done: str
    failure: str | None
    error: str | None
    correlation_id: str
    created_at: datetime
    updated_at: datetime

    @property
    def lane(self) -> str:
        """The lane of its user's events; without a user, a lane of its own."""
        return self.user_id or self.id


COLUMNS = tuple(workflows.c[name] for name in StoredWorkflow.__slots__)
_find = select(*COLUMNS).where(workflows.c.id == bindparam("which"))
_change = update(workflows).where(
    workflows.c.id == bindparam("which"), workflows.c.version == bindparam("read_version")
)


def find(workflow_id: str) -> Statement[StoredWorkflow | None]:
    def read(connection: Connection) -> StoredWorkflow | None:
        row = connection.execute(_find, {"which": workflow_id}).first()
        return None if row is None else StoredWorkflow(*row)

    return read


def add(row: Mapping[str, Any]) -> Statement[None]:
    """Fails its guard when the workflow exists."""

    def begin(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, workflows), row).rowcount == 1
        guard(added, f"workflow {row['id']}")

    return begin


def change(stored: StoredWorkflow, values: Mapping[str, Any]) -> Statement[None]:
    """Fails its guard when another step was taken since ``stored`` was read."""
    statement = _change.values(**values)
    where = {"which": stored.id, "read_version": stored.version}

    def step(connection: Connection) -> None:
        changed = connection.execute(statement, where).rowcount == 1
        guard(changed, f"workflow {stored.id}")

    return step
