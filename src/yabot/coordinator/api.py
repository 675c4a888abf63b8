"""Workflows, for those who look after the program."""

import json
from datetime import datetime
from typing import Annotated, Any, Self

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem, telling
from yabot.api.answering.shown import Shown
from yabot.api.operations.cursors import CURSOR_INVALID, After, Cursors, Page
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import NAME, Limit
from yabot.api.operations.requests import Asking, Posting
from yabot.api.operations.routes import Routes
from yabot.clock import rfc3339
from yabot.coordinator.inspector import (
    Place,
    Selection,
    WorkflowInspector,
    WorkflowNotStuck,
    WorkflowUnknown,
)
from yabot.coordinator.rows import StoredWorkflow
from yabot.events.envelope import Timestamp
from yabot.log.unit_of_work import UnitOfWork

WORKFLOW_UNKNOWN = Problem(404, WorkflowUnknown.code, "There is no such workflow.")
WORKFLOW_NOT_STUCK = Problem(
    409, WorkflowNotStuck.code, "Only a workflow that is stuck can be resumed."
)

WorkflowId = Annotated[
    str, Path(pattern=r"^[!-.0-~]{1,200}$", description="kind:key", examples=["subscription:42"])
]
Name = Annotated[str | None, Query(pattern=NAME)]
OfUser = Annotated[str | None, Query(pattern="^[1-9][0-9]{0,15}$", description="by id")]


class WorkflowBody(Shown):
    id: str
    kind: str = Field(description="the process of which it is one run")
    user_id: str | None
    state: str = Field(
        description="its process's, or finished, compensating, failed, stuck: a stuck one waits "
        "for you"
    )
    deadline: Timestamp | None = Field(description="when it is looked at next, if nothing happens")
    attempts: int = Field(description="failures since its last step")
    failure: str | None = Field(description="why it has failed for good")
    error: str | None = Field(description="why the last attempt failed")
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, stored: StoredWorkflow) -> Self:
        return cls(**cls._facts(stored))

    @staticmethod
    def _facts(stored: StoredWorkflow) -> dict[str, Any]:
        return {name: getattr(stored, name) for name in WorkflowBody.model_fields}


class WorkflowDetails(WorkflowBody):
    done: list[str] = Field(description="the steps to be undone if it fails, the last one first")
    data: dict[str, Any] = Field(description="ids and amounts, as its process keeps them")
    definition: int = Field(description="the version of ``data``")
    correlation_id: str = Field(description="of the cause of its last step")

    @classmethod
    def of(cls, stored: StoredWorkflow) -> Self:
        return cls(
            **cls._facts(stored),
            done=json.loads(stored.done)[::-1],
            data=json.loads(stored.data),
            definition=stored.definition,
            correlation_id=stored.correlation_id,
        )


def routes(inspector: WorkflowInspector, cursors: Cursors, door: Door) -> Routes:
    routes = Routes("operators")

    @routes.get(
        "/admin/workflows", needs="admin", gives=Page[WorkflowBody], refuses=[CURSOR_INVALID]
    )
    async def list_workflows(
        asking: Asking,
        kind: Name = None,
        state: Name = None,
        user_id: OfUser = None,
        limit: Limit = 50,
        after: After = None,
    ) -> Response:
        """Workflows of a kind, in a state, of a user; those that began last come first."""
        selection = Selection(kind, state, user_id)
        listing = await cursors.of("list_workflows", selected=json.dumps([kind, state, user_id]))
        behind = _place(listing.position(after, begin=""))
        found = await inspector.newest(selection, limit + 1, behind)
        bodies = [WorkflowBody.of(each) for each in found]
        return asking.answer(listing.page(bodies, limit, _written))

    @routes.get(
        "/admin/workflows/{workflow_id}",
        needs="admin",
        gives=WorkflowDetails,
        refuses=[WORKFLOW_UNKNOWN],
    )
    async def get_workflow(workflow_id: WorkflowId, asking: Asking) -> Response:
        """Where a workflow stands, what it has done, what failed, and when it goes on."""
        with telling(WORKFLOW_UNKNOWN):
            stored = await inspector.get(workflow_id)
        return asking.answer(WorkflowDetails.of(stored))

    @routes.post(
        "/admin/workflows/{workflow_id}/resume",
        needs="admin",
        gives=WorkflowBody,
        refuses=[WORKFLOW_UNKNOWN, WORKFLOW_NOT_STUCK],
    )
    async def resume_workflow(workflow_id: WorkflowId, change: Posting) -> Response:
        """Let a worker try again to undo what a stuck workflow has done."""

        async def decide(work: UnitOfWork) -> Answer:
            with telling(WORKFLOW_UNKNOWN, WORKFLOW_NOT_STUCK):
                resumed = await inspector.resume(work, workflow_id, change.by)
            return Answer.of(WorkflowBody.of(resumed))

        return await door.change(change, decide)

    return routes


def _written(body: WorkflowBody) -> str:
    return f"{rfc3339(body.created_at)} {body.id}"


def _place(written: str) -> Place | None:
    """None: at the beginning."""
    if not written:
        return None
    began, _, workflow_id = written.partition(" ")
    return datetime.fromisoformat(began), workflow_id
