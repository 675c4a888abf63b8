"""Converts workflows from and to their rows."""

import json
from collections.abc import Collection
from typing import Any, Generic

from pydantic import ValidationError

from yabot.clock import to_microseconds, utc_now
from yabot.coordinator import rows
from yabot.coordinator.mistakes import DecisionRefused, NewerDefinition
from yabot.coordinator.process import Process
from yabot.coordinator.rows import StoredWorkflow
from yabot.coordinator.workflow import D, Workflow
from yabot.events.partition import partition_of
from yabot.log.unit_of_work import Cause
from yabot.storage.relational.database import Statement


class Records(Generic[D]):
    """Converts a workflow, as its process sees it, from and to its row.

    ``add`` and ``change`` return statements for the unit of work.
    """

    def __init__(self, process: Process[D], undoable: Collection[str], partitions: int) -> None:
        self._process = process
        self._undoable = undoable
        self._partitions = partitions

    def begin(self, workflow_id: str, user_id: str | None, data: D) -> Workflow[D]:
        return Workflow(workflow_id, user_id, data, self._process.machine, self._undoable)

    def read(self, stored: StoredWorkflow) -> Workflow[D]:
        """Raises DecisionRefused when this version of the process cannot make sense of it."""
        workflow = self.begin(stored.id, stored.user_id, self._data(stored))
        workflow.state = stored.state
        workflow.deadline = stored.deadline
        workflow.done = json.loads(stored.done)
        workflow.failure = stored.failure
        return workflow

    def add(self, workflow: Workflow[D], cause: Cause) -> Statement[None]:
        now = utc_now()
        key = workflow.user_id or workflow.id
        return rows.add(
            {
                "id": workflow.id,
                "kind": self._process.kind,
                "user_id": workflow.user_id,
                "partition": partition_of(key, self._partitions),
                "version": to_microseconds(now),
                "created_at": now,
                **self._values(workflow, cause),
            }
        )

    def change(
        self, stored: StoredWorkflow, workflow: Workflow[D], cause: Cause
    ) -> Statement[None]:
        values = {"version": stored.version + 1, **self._values(workflow, cause)}
        return rows.change(stored, values)

    def _values(self, workflow: Workflow[D], cause: Cause) -> dict[str, Any]:
        return {
            "state": workflow.state,
            "data": self._written(workflow),
            "definition": self._process.definition,
            "deadline": workflow.deadline,
            "attempts": 0,
            "error": None,
            "done": json.dumps(workflow.done),
            "failure": workflow.failure,
            "correlation_id": cause.correlation_id,
            "updated_at": utc_now(),
        }

    def _written(self, workflow: Workflow[D]) -> str:
        """The data as JSON, validated by reading it: what a step has appended to a list, say, was
        not checked before. Raises DecisionRefused.
        """
        written = workflow.data.model_dump_json(warnings=False)
        try:
            self._process.data.model_validate_json(written)
        except ValidationError as error:
            raise DecisionRefused(
                f"a step left workflow {workflow.id} data that breaks its model: {_what(error)}"
            ) from error
        return written

    def _data(self, stored: StoredWorkflow) -> D:
        process = self._process
        if stored.definition > process.definition:
            raise NewerDefinition(
                f"workflow {stored.id} was written by definition {stored.definition} of "
                f"'{process.kind}', and this program knows {process.definition}: retry it with the "
                "newer program"
            )
        written = stored.data
        if stored.definition < process.definition:
            written = json.dumps(process.upgrade(stored.definition, json.loads(written)))
        try:
            return process.data.model_validate_json(written)
        except ValidationError as error:
            raise DecisionRefused(
                f"definition {process.definition} of '{process.kind}' cannot read workflow "
                f"{stored.id}: {_what(error)}"
            ) from error


def _what(error: ValidationError) -> str:
    """The first mistake, without the value."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
