"""A user's workflows, when they ask for their data or for its deletion."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, update

from yabot.clock import rfc3339, utc_now
from yabot.coordinator.machine import CLOSED, COMPENSATING, STUCK
from yabot.coordinator.rows import COLUMNS, StoredWorkflow
from yabot.coordinator.tables import workflows
from yabot.log.personal_data import PersonalData
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement

_of_user = workflows.c.user_id == bindparam("user")
_export = select(*COLUMNS).where(_of_user).order_by(workflows.c.created_at, workflows.c.id)
_undo = (
    update(workflows)
    .where(_of_user, workflows.c.done != "[]", workflows.c.state.not_in(CLOSED))
    .values(
        state=COMPENSATING,
        failure="the user was deleted",
        deadline=bindparam("now"),
        version=workflows.c.version + 1,
        attempts=0,
    )
)
_delete = delete(workflows).where(_of_user, workflows.c.state.not_in((COMPENSATING, STUCK)))


def personal_data(database: Database) -> PersonalData:
    async def export(user_id: str) -> dict[str, Any]:
        return {"workflows": [_told(stored) for stored in await database.read(_of(user_id))]}

    return PersonalData(export, _erase)


def _of(user_id: str) -> Statement[list[StoredWorkflow]]:
    def read(connection: Connection) -> list[StoredWorkflow]:
        return [StoredWorkflow(*row) for row in connection.execute(_export, {"user": user_id})]

    return read


def _erase(work: UnitOfWork, user_id: str) -> None:
    """Delete the user's workflows. Steps of an open one are undone first: its row, which holds only
    ids, stays until then.
    """

    def remove(connection: Connection) -> None:
        connection.execute(_undo, {"user": user_id, "now": utc_now()})
        connection.execute(_delete, {"user": user_id})

    work.add(remove)


def _told(stored: StoredWorkflow) -> dict[str, Any]:
    return {
        "id": stored.id,
        "state": stored.state,
        "data": json.loads(stored.data),
        "deadline": None if stored.deadline is None else rfc3339(stored.deadline),
        "created_at": rfc3339(stored.created_at),
        "updated_at": rfc3339(stored.updated_at),
    }
